import type { SyntaxFamily, Variant } from "../../lib/netfilter/iptables";

/** A rule, and the family, table and chain that contain it. */
export interface PlacedRule {
  readonly family: SyntaxFamily;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

const TOOLS: Readonly<Record<SyntaxFamily, string>> = {
  ipv4: "iptables",
  ipv6: "ip6tables",
  arp: "arptables",
  bridge: "ebtables",
};

/**
 * A shell script that loads each rule of its input separately, and prints the chain with the matching `-save` tool.
 * arptables and ebtables do not accept COMMIT, and arptables has only one table.
 */
const LOAD_EACH_RULE = `
tab=$(printf '\\t')
while IFS="$tab" read -r tool table chain rule; do
  case $tool in
    arptables*) commit= only= ;;
    ebtables*) commit= only="-t $table" ;;
    *) commit=COMMIT only="-t $table" ;;
  esac
  if printf '*%s\\n-A %s %s\\n%s\\n' "$table" "$chain" "$rule" "$commit" | "$tool-restore" 2>/dev/null; then
    echo loaded
    "$tool-save" $only | grep "^-A $chain"
  else
    echo refused
  fi
done
`;

/** Builds the script's input. */
const inputFor = (rules: readonly PlacedRule[], variant: Variant): string =>
  rules
    .map(({ family, table, chain, rule }) =>
      [`${TOOLS[family]}-${variant}`, table, chain, rule].join("\t").concat("\n"),
    )
    .join("");

/** Parses the script's output: the printed lines for each rule, or `null` if it was refused. */
function readAnswers(output: string): readonly (readonly string[] | null)[] {
  const answers: (string[] | null)[] = [];
  for (const line of output.split("\n")) {
    if (line === "loaded") answers.push([]);
    else if (line === "refused") answers.push(null);
    else if (line !== "") answers.at(-1)?.push(line);
  }
  return answers;
}

/** Runs a shell script with this input in a separate netns, and returns its output. */
export type Shell = (script: string, input: string) => Promise<string>;

/** How many rules are loaded at once. */
const BATCH = 64;

/**
 * Returns what the tool prints for each rule, or `null` if it refuses it. Loads many rules at once, because a rule of its
 * own costs several processes. Rules that the tool refuses together with others are loaded again in smaller groups.
 *
 * @param expected - whether the rule will be accepted, as far as is known. Rules that will not are loaded one by one.
 */
export async function loadRules(
  shell: Shell,
  rules: readonly PlacedRule[],
  variant: Variant,
  expected: (rule: PlacedRule) => boolean,
): Promise<readonly (readonly string[] | null)[]> {
  const answers = new Map<PlacedRule, readonly string[] | null>();
  const tables = new Map<string, PlacedRule[]>();
  const alone = rules.filter((rule) => !expected(rule));
  for (const rule of rules) {
    if (!expected(rule)) continue;
    const key = `${rule.family} ${rule.table}`;
    tables.set(key, [...(tables.get(key) ?? []), rule]);
  }
  let batches = [...tables.values()].flatMap((all) => chunks(all, BATCH));
  while (batches.length > 0) {
    const results = readBatches(
      await shell("sh", batches.map((batch) => loadBatch(batch, variant)).join("")),
    );
    const again: (readonly PlacedRule[])[] = [];
    for (const [index, batch] of batches.entries()) {
      const printed = assigned(batch, results[index] ?? []);
      if (printed !== undefined) for (const [rule, lines] of printed) answers.set(rule, lines);
      else if (batch.length === 1) alone.push(...batch);
      else again.push(...chunks(batch, Math.ceil(batch.length / 2)));
    }
    batches = again;
  }
  const single = readAnswers(await shell(LOAD_EACH_RULE, inputFor(alone, variant)));
  for (const [index, rule] of alone.entries()) answers.set(rule, single[index] ?? null);
  return rules.map((rule) => answers.get(rule) ?? null);
}

const chunks = <T>(all: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));

/** A shell script that loads rules of one table, and prints the table's rules. */
function loadBatch(batch: readonly PlacedRule[], variant: Variant): string {
  const [first] = batch;
  if (first === undefined) return "";
  const tool = `${TOOLS[first.family]}-${variant}`;
  const commit = first.family === "ipv4" || first.family === "ipv6" ? "COMMIT\n" : "";
  const only = first.family === "arp" ? "" : ` -t ${first.table}`;
  const text = batch.map(({ chain, rule }) => `-A ${chain} ${rule}\n`).join("");
  return `echo @batch\n${tool}-restore 2>/dev/null <<'END' && ${tool}-save${only} | grep '^-A'\n*${first.table}\n${text}${commit}END\n`;
}

const readBatches = (output: string): readonly (readonly string[])[] =>
  output
    .split("@batch\n")
    .slice(1)
    .map((part) => part.split("\n").filter((line) => line !== ""));

/** Assigns the printed lines to their rules: each rule has one, in the order of its chain. Undefined if it cannot. */
function assigned(
  batch: readonly PlacedRule[],
  lines: readonly string[],
): ReadonlyMap<PlacedRule, readonly string[]> | undefined {
  if (lines.length !== batch.length) return undefined;
  const found = new Map<PlacedRule, readonly string[]>();
  for (const chain of new Set(batch.map((rule) => rule.chain))) {
    const own = lines.filter((line) => line.startsWith(`-A ${chain} `) || line === `-A ${chain}`);
    const rules = batch.filter((rule) => rule.chain === chain);
    if (own.length !== rules.length) return undefined;
    for (const [index, rule] of rules.entries()) found.set(rule, [own[index] ?? ""]);
  }
  return found;
}
