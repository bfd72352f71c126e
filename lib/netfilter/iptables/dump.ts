import type { Problem } from "../model/problem";
import type { SyntaxFamily, Variant } from "./context";
import type { IptablesVersion } from "./iptables-version";
import type { RuleSpec } from "./rule-spec";

interface At {
  /** 1-based. */
  readonly line: number;
  /** Offsets into the text: where the line begins, and where it ends before its line break. */
  readonly start: number;
  readonly end: number;
}

export interface TableLine extends At {
  readonly kind: "table";
  readonly name: string;
}

export interface ChainLine extends At {
  readonly kind: "chain";
  readonly name: string;
  /** `-` for a chain that the user made. */
  readonly policy: string;
  /** `[packets:bytes]` as it was written. */
  readonly counters?: readonly [string, string] | undefined;
  /** Written as `-N NAME` or `-P NAME POLICY`. */
  readonly command?: "N" | "P";
}

/** What a rule line does to its chain. Dumps only append; scripts insert, replace and delete too. */
export type RuleCommand = "A" | "I" | "R" | "D" | "C";

export interface RuleLine extends At {
  readonly kind: "rule";
  readonly command: RuleCommand;
  readonly chain: string;
  /** Position that `-I`, `-R` and `-D` were given. */
  readonly position: number | undefined;
  readonly counters: readonly [string, string] | undefined;
  readonly spec: RuleSpec;
  /** Some of it could not be read. */
  readonly broken: boolean;
  /** Known to be one rule, not one for each of several addresses. */
  readonly single: boolean;
}

/** Commands that change chains as a whole: flush, delete, rename, zero. */
export interface OtherLine extends At {
  readonly kind: "flush" | "delete" | "rename" | "zero";
  readonly chain?: string;
  readonly to?: string;
}

export interface PlainLine extends At {
  readonly kind: "blank" | "comment" | "commit" | "unread";
}

export type Line = TableLine | ChainLine | RuleLine | OtherLine | PlainLine;

/**
 * A dump as it was written: every line in order, with the text it was read from. Nothing is lost: comments, blank
 * lines, line ends, spacing and the order of tables stay where they were.
 */
export interface Dump {
  readonly text: string;
  readonly file?: string;
  readonly family: SyntaxFamily;
  /** The version whose checks count, and as which the rules were read. */
  readonly iptables: IptablesVersion;
  /** As the header comment of iptables-save says. */
  readonly variant?: Variant;
  readonly lines: readonly Line[];
  readonly problems: readonly Problem[];
}
