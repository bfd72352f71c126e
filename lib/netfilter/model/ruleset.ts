import type { Action } from "./action";
import type { TableName } from "./hook";
import type { Match } from "./match";
import type { Family } from "./packet";
import type { Problem } from "./problem";

export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

/** One rule of a chain. `text` and `line` lead back to where it was written. */
export interface Rule {
  /** As the source wrote it, without counters: `-A DOCKER ! -i docker0 -p tcp … -j DNAT …`. */
  readonly text: string;
  /** 1-based line in the dump. */
  readonly line: number;
  /** 1-based position in its chain, as `iptables -L --line-numbers` counts. */
  readonly index: number;
  readonly counters?: Counters | undefined;
  /** Asked in order; all must match. */
  readonly matches: readonly Match[];
  readonly action: Action;
}

export interface Chain {
  readonly name: string;
  /** Base chains only: what happens to a packet that reaches the end. */
  readonly policy?: "ACCEPT" | "DROP" | undefined;
  readonly counters?: Counters | undefined;
  readonly rules: readonly Rule[];
}

export interface Table {
  readonly name: TableName;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** Everything one family's tables of one network namespace hold. A table that is absent is not run. */
export interface Ruleset {
  readonly family: Family;
  /** Which of the two in-kernel implementations the dump came from, where it says so. */
  readonly variant?: "legacy" | "nft";
  readonly tables: ReadonlyMap<TableName, Table>;
  /** Tables that iptables could not print, as the dump says: what they do is not known. */
  readonly unprinted?: readonly string[];
  /** The dump says that rules of iptables-legacy are loaded as well. */
  readonly legacyLoaded?: boolean;
  /** What could not be read, in the order of the lines; such rules are kept and become `opaque`. */
  readonly problems?: readonly Problem[];
}
