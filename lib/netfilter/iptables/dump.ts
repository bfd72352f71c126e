import type { Problem } from "../model/problem";
import type { SyntaxFamily, Variant } from "./context";
import type { IptablesVersion } from "./iptables-version";
import type { RuleSpec } from "./rule-spec";

/** Where a line is in the dump. */
interface LinePosition {
  /** 1-based. */
  readonly line: number;
  /** Offsets in the text. The line break comes after `end`. */
  readonly start: number;
  readonly end: number;
}

/** `*TABLE` */
interface TableLine extends LinePosition {
  readonly kind: "table";
  readonly name: string;
}

/** `:CHAIN POLICY [PACKETS:BYTES]`, `-N CHAIN` or `-P CHAIN POLICY`. */
export interface ChainLine extends LinePosition {
  readonly kind: "chain";
  readonly name: string;
  /** `-` if it is not a base chain. */
  readonly policy: string;
  /** Packets and bytes, as they were written. */
  readonly counters?: readonly [string, string] | undefined;
  /** Set if the line is `-N NAME` or `-P NAME POLICY`. */
  readonly command?: "N" | "P";
}

/** What the line does with the rule: append, insert, replace, delete or check. The output of iptables-save contains only `A`. */
export type RuleCommand = "A" | "I" | "R" | "D" | "C";

/** A line with one rule, or with one rule for each of several addresses. */
export interface RuleLine extends LinePosition {
  readonly kind: "rule";
  readonly command: RuleCommand;
  readonly chain: string;
  /** The number after `-I`, `-R` or `-D`. */
  readonly position: number | undefined;
  readonly counters: readonly [string, string] | undefined;
  readonly spec: RuleSpec;
  /** A part of the rule could not be read. */
  readonly broken: boolean;
  /** True if the line is exactly one rule. If false, it may stand for one rule for each of several addresses. */
  readonly single: boolean;
}

/** A command that changes whole chains. */
export interface OtherLine extends LinePosition {
  readonly kind: "flush" | "delete" | "rename" | "zero";
  readonly chain?: string;
  readonly to?: string;
}

/** A line that changes nothing, or that could not be read (`unread`). */
interface PlainLine extends LinePosition {
  readonly kind: "blank" | "comment" | "commit" | "unread";
}

/** One line of a dump. */
export type Line = TableLine | ChainLine | RuleLine | OtherLine | PlainLine;

/** A parsed dump: every line in order, with the text that it was read from, so that it can be printed unchanged. */
export interface Dump {
  readonly text: string;
  readonly file?: string;
  readonly family: SyntaxFamily;
  /** The version of iptables that the rules were read as. */
  readonly iptables: IptablesVersion;
  /** Known if the dump has the header comment of iptables-save. */
  readonly variant?: Variant;
  readonly lines: readonly Line[];
  readonly problems: readonly Problem[];
}
