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
export const LOAD_EACH_RULE = `
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
export const inputFor = (rules: readonly PlacedRule[], variant: Variant): string =>
  rules
    .map(({ family, table, chain, rule }) =>
      [`${TOOLS[family]}-${variant}`, table, chain, rule].join("\t").concat("\n"),
    )
    .join("");

/** Parses the script's output: the printed lines for each rule, or `null` if it was refused. */
export function readAnswers(output: string): readonly (readonly string[] | null)[] {
  const answers: (string[] | null)[] = [];
  for (const line of output.split("\n")) {
    if (line === "loaded") answers.push([]);
    else if (line === "refused") answers.push(null);
    else if (line !== "") answers.at(-1)?.push(line);
  }
  return answers;
}
