import type { Problem } from "../../model/problem";
import { baseChains } from "../base-chains";
import type { SyntaxFamily, Variant } from "../context";
import type { Line, RuleLine } from "../dump";
import type { Extension, Options, Use } from "../extensions/extension";
import { isUse } from "../rule-spec";
import { type ChainNode, chainNode, findLoops, markReached, VERDICTS } from "./chain-graph";
import { checkChainLine, type WordProblem } from "./check-chain-line";
import type { RuleShape } from "./rule-shape";

const TABLES = ["raw", "mangle", "nat", "filter", "security", "broute"];

/** Base chains whose packets have no incoming, or no outgoing, interface. */
const WITHOUT_IN = ["OUTPUT", "POSTROUTING"];
const WITHOUT_OUT = ["PREROUTING", "INPUT", "BROUTING"];

const optionOf = ({ kind, name }: Extension): string => `${kind === "match" ? "-m" : "-j"} ${name}`;

const hooksOf = ({ hooks }: Extension, options: Options): readonly string[] | undefined =>
  typeof hooks === "function" ? hooks(options) : hooks;

interface CheckedDump {
  readonly text: string;
  readonly family: SyntaxFamily;
  readonly variant?: Variant | undefined;
}

/**
 * Makes the checks of iptables-restore and the kernel that need more than one rule: whether tables and chains exist,
 * where an extension may be used, and whether jumps form a loop.
 */
export class Checker {
  readonly #dump: CheckedDump;
  readonly #report: (line: Line, problem: Omit<Problem, "line" | "file">) => void;
  #table = "filter";
  #chains = new Map<string, ChainNode>();
  /** The chain of the previous rule. The next rule is usually in the same chain. */
  #lastChain: ChainNode | undefined;

  constructor(dump: CheckedDump, report: (line: Line, problem: Omit<Problem, "line" | "file">) => void) {
    this.#dump = dump;
    this.#report = report;
    this.#startTable("filter");
  }

  /** Whether a jump to that name leads to a chain that the user made. */
  readonly isChain = (name: string): boolean => this.#chains.get(name)?.ordinary ?? false;

  /** Returns the one string that is used for a chain's name, so that large dumps do not keep it once per rule. */
  nameOf(chain: string): string {
    return this.#chains.get(chain)?.name ?? chain;
  }

  line(line: Exclude<Line, RuleLine>): void {
    switch (line.kind) {
      case "table":
        this.endTable();
        if (!baseChains(this.#dump.family, line.name))
          this.#problem(line, {
            code: "TABLE_UNKNOWN",
            word: line.name,
            message: `no table is named "${line.name}"`,
            expected: TABLES.filter((name) => baseChains(this.#dump.family, name)).join(", "),
          });
        this.#startTable(line.name);
        break;
      case "chain": {
        const known = this.#chains.get(line.name);
        checkChainLine(line, known, this.#table, this.#dump, (problem) => this.#problem(line, problem));
        if (!known) this.#chain(line.name);
        break;
      }
      case "delete":
        if (line.chain !== undefined) this.#chains.delete(line.chain);
        break;
      case "rename":
        if (line.to !== undefined) this.#chain(line.to);
        break;
      default:
    }
  }

  rule(line: RuleLine, shape: RuleShape): void {
    const known = this.#lastChain?.name === line.chain ? this.#lastChain : this.#chains.get(line.chain);
    this.#lastChain = known;
    if (!known)
      this.#problem(line, {
        code: "CHAIN_UNKNOWN",
        word: line.chain,
        message: `no chain "${line.chain}" in table ${this.#table}`,
        expected: `:${line.chain} - [0:0] or -N ${line.chain} before it`,
      });
    const chain = known ?? this.#chain(line.chain);
    if (known?.base) this.#checkInterfaces(line, shape);
    for (const use of shape.restricted) this.#checkUse(line, use, chain);
    if (shape.to !== undefined) this.#checkJump(line, shape.to, shape.goto, chain);
  }

  /** Checks what needs all rules of a table: hooks that are reached through jumps, and loops. */
  endTable(): void {
    const bases = [...this.#chains.values()].filter((chain) => chain.base);
    markReached(bases);
    for (const chain of this.#chains.values())
      for (const { line, use, hooks } of chain.restrictions) {
        const wrong = bases.find((base, index) => chain.reached & (1 << index) && !hooks.includes(base.name));
        if (wrong === undefined) continue;
        const where = chain.base ? chain.name : `chain ${chain.name}, which is reached from ${wrong.name}`;
        this.#problem(line, {
          code: "TARGET_MISPLACED",
          word: use.extension.name,
          message: `${optionOf(use.extension)} in ${where}`,
          expected: hooks.join(", "),
        });
      }
    for (const base of bases)
      findLoops(base, (line, from, to) =>
        this.#problem(line, {
          code: "CHAIN_LOOP",
          word: to.name,
          message: `${from.name} jumps back to ${to.name}, which leads to ${from.name}`,
          expected: "jumps without a loop",
        }),
      );
  }

  #startTable(name: string): void {
    this.#table = name;
    this.#lastChain = undefined;
    this.#chains = new Map();
    for (const chain of baseChains(this.#dump.family, name) ?? [])
      this.#chains.set(chain, chainNode(chain, true, this.#dump.family));
  }

  /** The chain of that name, added if the table does not have it. */
  #chain(name: string): ChainNode {
    let found = this.#chains.get(name);
    if (!found) {
      found = chainNode(name, false, this.#dump.family);
      this.#chains.set(name, found);
    }
    return found;
  }

  /** Reports a problem at the last place in the line where its word is. */
  #problem(line: Line, { word, ...problem }: WordProblem): void {
    const at = this.#dump.text.slice(line.start, line.end).lastIndexOf(word);
    this.#report(line, { ...problem, column: Math.max(at, 0) + 1 });
  }

  #checkInterfaces(line: RuleLine, shape: RuleShape): void {
    if (shape.in && WITHOUT_IN.includes(line.chain))
      this.#problem(line, {
        code: "RULE_UNREADABLE",
        word: "-i",
        message: `-i in ${line.chain}`,
        expected: "-o: packets have no incoming interface here",
      });
    if (shape.out && WITHOUT_OUT.includes(line.chain))
      this.#problem(line, {
        code: "RULE_UNREADABLE",
        word: "-o",
        message: `-o in ${line.chain}`,
        expected: "-i: packets have no outgoing interface yet",
      });
  }

  #checkUse(line: RuleLine, use: Use, chain: ChainNode): void {
    const { extension, options } = use;
    const { variant } = this.#dump;
    const tables = extension.tables ?? (variant === "legacy" ? extension.legacyTables : undefined);
    if (tables && !tables.includes(this.#table))
      this.#problem(line, {
        code: "TARGET_MISPLACED",
        word: extension.name,
        message: `${optionOf(extension)} in table ${this.#table}`,
        expected: `table ${tables.join(" or ")}`,
      });
    const hooks = hooksOf(extension, options);
    if (hooks) chain.restrictions.push({ line, use, hooks });
    const error = extension.checkRule?.(line.spec.matches.filter(isUse), options);
    if (error && (error.variant === undefined || error.variant === variant))
      this.#problem(line, {
        code: "RULE_UNREADABLE",
        word: extension.name,
        message: error.message,
        expected: error.expected,
        ...(error.advice === "" ? {} : { advice: error.advice }),
      });
  }

  #checkJump(line: RuleLine, to: string, goto: boolean, chain: ChainNode): void {
    const found = this.#chains.get(to);
    const continues = to === "CONTINUE" && this.#dump.family !== "bridge";
    if (!goto && VERDICTS.has(to) && !continues) this.#checkVerdict(line, to);
    else if (!found)
      this.#problem(line, {
        code: "CHAIN_UNKNOWN",
        word: to,
        message: `no chain or target is named "${to}"`,
        expected: `:${to} - [0:0] or -N ${to} before it, or a target of iptables`,
      });
    else if (found.base)
      this.#problem(line, {
        code: "CHAIN_UNKNOWN",
        word: to,
        message: `"${to}" is a base chain`,
        expected: "a chain that you made",
        advice: "Only the kernel sends packets to base chains.",
      });
    else {
      chain.jumps.push(found);
      chain.lines.push(line);
    }
  }

  #checkVerdict(line: RuleLine, verdict: string): void {
    if (verdict === "QUEUE" && this.#dump.variant === "nft")
      this.#problem(line, {
        code: "TARGET_MISPLACED",
        word: verdict,
        message: "nftables has no QUEUE",
        expected: "-j NFQUEUE --queue-num 0",
      });
    if (verdict === "DROP" && this.#table === "nat")
      this.#problem(line, {
        code: "TARGET_MISPLACED",
        word: verdict,
        message: "DROP in the nat table",
        expected: "a rule in the filter table",
        advice: "The nat table is not for filtering: it sees only the first packet of a connection.",
      });
  }
}
