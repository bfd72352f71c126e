import type { Action } from "./action";
import type { TableName } from "./hook";
import type { Match } from "./match";
import type { Family } from "./packet";
import type { Problem } from "./problem";

/** Counters of a rule or a policy, as printed by `iptables-save -c`. */
export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

/**
 * One rule of a chain. `text` and `line` identify it in the dump.
 *
 * @example
 * import { describeRule, parseRuleset, type Rule } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 23 -j DROP\nCOMMIT\n");
 * const rule: Rule | undefined = rules.tables.get("filter")?.chains.get("INPUT")?.rules[0];
 * if (rule !== undefined) console.log(rule.line, describeRule(rule));
 */
export interface Rule {
  /** The line of the dump without counters: `-A DOCKER ! -i docker0 -p tcp … -j DNAT …`. */
  readonly text: string;
  /** 1-based line in the dump. */
  readonly line: number;
  /** 1-based position in its chain, as shown by `iptables -L --line-numbers`. */
  readonly index: number;
  readonly counters?: Counters | undefined;
  /** Evaluated in order. The rule matches if all of them match. */
  readonly matches: readonly Match[];
  readonly action: Action;
}

/** A base chain, which a hook calls, or a user-defined chain, which rules jump to. */
export interface Chain {
  readonly name: string;
  /** Base chains only: the verdict for a packet that reaches the end of the chain. */
  readonly policy?: "ACCEPT" | "DROP" | undefined;
  readonly counters?: Counters | undefined;
  readonly rules: readonly Rule[];
}

/** One table and its chains by name. */
export interface Table {
  readonly name: TableName;
  readonly chains: ReadonlyMap<string, Chain>;
}

/**
 * All tables of one address family in one network namespace. An absent table has no rules and is not evaluated.
 *
 * @example
 * import { parseRuleset, type Ruleset } from "wirebook";
 *
 * const rules: Ruleset = parseRuleset("*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n");
 * for (const [name, { chains }] of rules.tables) console.log(name, [...chains.keys()]);
 */
export interface Ruleset {
  readonly family: Family;
  /** Which of the two implementations in the kernel the dump came from, if it says so. */
  readonly variant?: "legacy" | "nft";
  readonly tables: ReadonlyMap<TableName, Table>;
  /** Names of tables that iptables could not print, according to the dump. Their effect is unknown. */
  readonly unprinted?: readonly string[];
  /** The dump says that rules of iptables-legacy are loaded as well. */
  readonly legacyLoaded?: boolean;
  /** What could not be parsed, in the order of the lines. The affected rules are kept with an `opaque` match or target. */
  readonly problems?: readonly Problem[];
}
