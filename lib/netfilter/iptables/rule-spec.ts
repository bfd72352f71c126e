import type { Use } from "./extensions/extension";

/** Options that belong to no extension. Several addresses after `-s` or `-d` stand for one rule each. */
export type BaseName = "source" | "destination" | "in" | "out" | "protocol" | "fragment";

/** A base option of a rule, with its value as iptables-save would print it. */
export interface ParsedBaseOption {
  readonly inverted: boolean;
  readonly value: string;
}

/** A part of a rule that could not be read. Its text is kept, and the model treats it as unknown. */
export interface Unread {
  readonly unread: string;
  readonly text: string;
}

/**
 * `-j NAME` or `-g NAME`. If NAME is a target extension, `use` is set and has its options; if they could not be
 * read, `unread` is set instead.
 */
export interface Jump {
  readonly goto: boolean;
  readonly name: string;
  readonly use?: Use;
  readonly unread?: Unread;
}

/** The base options of a rule. */
export type Base = { readonly [Name in BaseName]?: ParsedBaseOption };

/** One parsed rule: base options, matches in order, and the target or chain after them. */
export interface RuleSpec {
  readonly base: Base;
  readonly matches: readonly (Use | Unread)[];
  readonly jump?: Jump;
  /** The rule is for the other family (`-4`, `-6`), so that iptables-restore skips it. */
  readonly skipped?: true;
  /** `-c PACKETS BYTES`, as text. */
  readonly counters?: readonly [string, string];
}

export const isUse = (part: Use | Unread): part is Use => "extension" in part;
