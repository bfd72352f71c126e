import type { Problem, ProblemCode } from "../../model/problem";
import { baseChains } from "../base-chains";
import type { SyntaxFamily, Variant } from "../context";
import type { ChainLine, Line, RuleLine } from "../dump";
import type { Extension, Options, Use } from "../extensions/extension";
import { extensionFor } from "../extensions/registry";
import { isUse } from "../rule-spec";
import type { Shape } from "./rule-shape";

/** Most bytes of a chain's name (XT_EXTENSION_MAXNAMELEN - 1). */
const NAME_LENGTH = 28;

const VERDICTS = new Set(["ACCEPT", "DROP", "RETURN", "QUEUE", "CONTINUE"]);

/** Base chains in which a packet has no incoming, or no outgoing, interface. */
const WITHOUT_IN = ["OUTPUT", "POSTROUTING"];

const WITHOUT_OUT = ["PREROUTING", "INPUT", "BROUTING"];

interface Restricted {
  readonly line: RuleLine;
  readonly use: Use;
  readonly hooks: readonly string[];
}

interface Known {
  readonly name: string;
  readonly base: boolean;
  /** Made by the user, and not named like a target. */
  readonly ordinary: boolean;
  /** Chains that its rules lead to, and those rules, one beside the other. */
  readonly jumps: Known[];
  readonly lines: RuleLine[];
  readonly restricted: Restricted[];
  /** One bit for each base chain from which it is reached. */
  reached: number;
  /** While loops are looked for: not seen, on the way down, done. */
  seen: "no" | "open" | "done";
}

const unknown = (name: string, base: boolean, family: SyntaxFamily): Known => ({
  name,
  base,
  ordinary: !base && !VERDICTS.has(name) && extensionFor("target", name, family) === undefined,
  jumps: [],
  lines: [],
  restricted: [],
  reached: 0,
  seen: "no",
});

const hooksOf = ({ hooks }: Extension, options: Options): readonly string[] | undefined =>
  typeof hooks === "function" ? hooks(options) : hooks;

/** What iptables-restore and the kernel check beyond a single rule: chains, tables, where a rule may stand, loops. */
export class Checker {
  private table = "filter";
  private chains = new Map<string, Known>();
  /** The chain of the rule before: most often that of this one too. */
  private last: Known | undefined;

  constructor(
    private readonly dump: {
      readonly text: string;
      readonly family: SyntaxFamily;
      readonly variant?: Variant | undefined;
    },
    private readonly report: (line: Line, problem: Omit<Problem, "line" | "file">) => void,
  ) {
    this.enter("filter");
  }

  /** arptables and ebtables exist in the nftables variant only: their chains of the user have policies. */
  private get ip(): boolean {
    return this.dump.family === "ipv4" || this.dump.family === "ipv6";
  }

  /** Whether a jump to that name leads to a chain made by the user. */
  readonly isChain = (name: string): boolean => this.chains.get(name)?.ordinary ?? false;

  /** The one string that stands for a chain's name, so that a large dump does not hold it once for every rule. */
  nameOf(chain: string): string {
    return this.chains.get(chain)?.name ?? chain;
  }

  line(line: Exclude<Line, RuleLine>): void {
    switch (line.kind) {
      case "table":
        this.leave();
        if (!baseChains(this.dump.family, line.name))
          this.problem(
            "TABLE_UNKNOWN",
            line,
            line.name,
            `no table is named "${line.name}"`,
            this.tableNames(),
          );
        this.enter(line.name);
        break;
      case "chain":
        this.chain(line);
        break;
      case "delete":
        if (line.chain !== undefined) this.chains.delete(line.chain);
        break;
      case "rename":
        if (line.to !== undefined) this.known(line.to);
        break;
      default:
    }
  }

  private tableNames(): string {
    const ip = ["raw", "mangle", "nat", "filter", "security"];
    return [...ip, "broute"].filter((name) => baseChains(this.dump.family, name)).join(", ");
  }

  private enter(name: string): void {
    this.table = name;
    this.last = undefined;
    this.chains = new Map();
    for (const chain of baseChains(this.dump.family, name) ?? [])
      this.chains.set(chain, unknown(chain, true, this.dump.family));
  }

  private known(name: string): Known {
    let found = this.chains.get(name);
    if (!found) {
      found = unknown(name, false, this.dump.family);
      this.chains.set(name, found);
    }
    return found;
  }

  /** `word` finds the column: the first place in the line where it stands. */
  private problem(
    code: ProblemCode,
    line: Line,
    word: string,
    message: string,
    expected: string,
    advice = "",
  ): void {
    const at = this.dump.text.slice(line.start, line.end).lastIndexOf(word);
    this.report(line, {
      code,
      column: Math.max(at, 0) + 1,
      message,
      expected,
      ...(advice === "" ? {} : { advice }),
    });
  }

  private chain(line: ChainLine): void {
    const { name, policy, command } = line;
    const found = this.chains.get(name);
    if (name.length * 3 > NAME_LENGTH && Buffer.byteLength(name) > NAME_LENGTH)
      this.problem(
        "CHAIN_NAME",
        line,
        name,
        `chain name "${name}" is too long`,
        `at most ${NAME_LENGTH} bytes`,
      );
    else if (/^[-!]/.test(name) || /\s/.test(name))
      this.problem(
        "CHAIN_NAME",
        line,
        name,
        `"${name}" cannot name a chain`,
        'a name without spaces that begins with neither "-" nor "!"',
      );
    if (command === "N" && (extensionFor("target", name, this.dump.family) || VERDICTS.has(name)))
      this.problem("CHAIN_NAME", line, name, `chain "${name}" has the name of a target`, "another name");
    if (command === "P" && !found?.base)
      this.problem(
        "POLICY",
        line,
        name,
        `"${name}" is no base chain of ${this.table}`,
        "a policy for a base chain",
      );
    else if (found && command !== "P" && (command === "N" || !found.base) && this.dump.variant !== "nft")
      this.problem(
        "CHAIN_DUPLICATE",
        line,
        name,
        `chain "${name}" is there already`,
        "each chain once",
        "Only iptables-nft empties it and goes on.",
      );
    if (found?.base && policy !== "ACCEPT" && policy !== "DROP" && policy !== "-")
      this.problem("POLICY", line, policy, `"${policy}" is not a policy`, "ACCEPT or DROP");
    if (command === "P" && this.table === "nat" && policy === "DROP")
      this.problem(
        "POLICY",
        line,
        policy,
        "the nat table is not for filtering",
        "ACCEPT",
        "Drop in the filter table.",
      );
    if (!found?.base && policy !== "-" && command === undefined && this.dump.variant !== "nft" && this.ip)
      this.problem(
        "POLICY",
        line,
        policy,
        `chain "${name}" is no base chain of ${this.table}`,
        "- for a chain of the user",
      );
    this.known(name);
  }

  rule(line: RuleLine, shape: Shape): void {
    const chain = this.last?.name === line.chain ? this.last : this.chains.get(line.chain);
    this.last = chain;
    if (!chain)
      this.problem(
        "CHAIN_UNKNOWN",
        line,
        line.chain,
        `no chain "${line.chain}" in table ${this.table}`,
        `:${line.chain} - [0:0] or -N ${line.chain} before it`,
      );
    const place = chain ?? this.known(line.chain);
    if (chain?.base) this.interfaces(line, shape);
    for (const use of shape.placed) this.use(line, use, place);
    if (shape.to !== undefined) this.jump(line, shape.to, shape.goto, place);
  }

  private interfaces(line: RuleLine, shape: Shape): void {
    if (shape.in && WITHOUT_IN.includes(line.chain))
      this.problem(
        "RULE_UNREADABLE",
        line,
        "-i",
        `-i in ${line.chain}`,
        "-o: packets have no incoming interface here",
      );
    if (shape.out && WITHOUT_OUT.includes(line.chain))
      this.problem(
        "RULE_UNREADABLE",
        line,
        "-o",
        `-o in ${line.chain}`,
        "-i: packets have no outgoing interface yet",
      );
  }

  private use(line: RuleLine, use: Use, place: Known): void {
    const { extension, options } = use;
    const { name } = extension;
    const tables = extension.tables ?? (this.dump.variant === "legacy" ? extension.legacyTables : undefined);
    const option = `${extension.kind === "match" ? "-m" : "-j"} ${name}`;
    if (tables && !tables.includes(this.table))
      this.problem(
        "TARGET_MISPLACED",
        line,
        name,
        `${option} in table ${this.table}`,
        `table ${tables.join(" or ")}`,
      );
    const hooks = hooksOf(extension, options);
    if (hooks) place.restricted.push({ line, use, hooks });
    const refusal = extension.demands?.(line.spec.matches.filter(isUse), options);
    if (refusal && (refusal.variant === undefined || refusal.variant === this.dump.variant))
      this.problem("RULE_UNREADABLE", line, name, refusal.message, refusal.expected, refusal.advice);
  }

  private jump(line: RuleLine, to: string, goto: boolean, place: Known): void {
    const found = this.chains.get(to);
    if (!goto && VERDICTS.has(to)) {
      if (to === "QUEUE" && this.dump.variant === "nft")
        this.problem("TARGET_MISPLACED", line, to, "nftables has no QUEUE", "-j NFQUEUE --queue-num 0");
      if (to === "DROP" && this.table === "nat")
        this.problem(
          "TARGET_MISPLACED",
          line,
          to,
          "DROP in the nat table",
          "a rule in the filter table",
          "The nat table is not for filtering: it sees only the first packet of a connection.",
        );
    } else if (!found)
      this.problem(
        "CHAIN_UNKNOWN",
        line,
        to,
        `no chain or target is named "${to}"`,
        `:${to} - [0:0] or -N ${to} before it, or a target of iptables`,
      );
    else if (found.base)
      this.problem(
        "CHAIN_UNKNOWN",
        line,
        to,
        `"${to}" is a base chain`,
        "a chain of the user",
        "The kernel alone enters base chains.",
      );
    else {
      place.jumps.push(found);
      place.lines.push(line);
    }
  }

  /** Ends a table: from which base chains each chain is reached, and whether a chain reaches itself. */
  leave(): void {
    const bases = [...this.chains.values()].filter((chain) => chain.base);
    for (const [bit, base] of bases.entries()) this.follow(base, 1 << bit);
    for (const chain of this.chains.values())
      for (const { line, use, hooks } of chain.restricted) {
        const wrong = bases.find((base, bit) => chain.reached & (1 << bit) && !hooks.includes(base.name));
        if (wrong === undefined) continue;
        const { name, kind } = use.extension;
        const way = chain.base ? "" : `, from where a jump leads to ${chain.name}`;
        this.problem(
          "TARGET_MISPLACED",
          line,
          name,
          `${kind === "match" ? "-m" : "-j"} ${name} in ${wrong.name}${way}`,
          hooks.join(", "),
        );
      }
    for (const base of bases) this.loops(base);
  }

  private follow(base: Known, bit: number): void {
    const waiting = [base];
    for (let chain = waiting.pop(); chain; chain = waiting.pop()) {
      if (chain.reached & bit) continue;
      chain.reached |= bit;
      for (const next of chain.jumps) if (!(next.reached & bit)) waiting.push(next);
    }
  }

  /** Depth first without recursion: a jump to a chain that is still open closes a loop. */
  private loops(base: Known): void {
    if (base.seen !== "no") return;
    base.seen = "open";
    const path: { readonly chain: Known; next: number }[] = [{ chain: base, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { chain } = top;
      const at = top.next++;
      const to = chain.jumps[at];
      const line = chain.lines[at];
      if (!to || !line) {
        chain.seen = "done";
        path.pop();
      } else if (to.seen === "open")
        this.problem(
          "CHAIN_LOOP",
          line,
          to.name,
          `${chain.name} jumps to ${to.name}, from where it was reached`,
          "jumps without a loop",
        );
      else if (to.seen === "no") {
        to.seen = "open";
        path.push({ chain: to, next: 0 });
      }
    }
  }
}
