import type { Use } from "./extensions/extension";

/** Options that belong to no extension. `-s` and `-d` may hold several addresses, each a rule of its own. */
export type BaseName = "source" | "destination" | "in" | "out" | "protocol" | "fragment";

/** A base option as it was given, its value canonical. */
export interface ParsedBaseOption {
  readonly inverted: boolean;
  readonly value: string;
}

/** A part of a rule that could not be read: kept as it was written, and unknown to the model. */
export interface Unread {
  readonly unread: string;
  readonly text: string;
}

/** `-j NAME` or `-g NAME`; `use` where NAME is a target extension, `unread` where its options could not be read. */
export interface Jump {
  readonly goto: boolean;
  readonly name: string;
  readonly use?: Use;
  readonly unread?: Unread;
}

/** The base options of a rule. */
export type Base = { readonly [Name in BaseName]?: ParsedBaseOption };

/** What one rule says: base options, matches in order, and where it goes. */
export interface RuleSpec {
  readonly base: Base;
  readonly matches: readonly (Use | Unread)[];
  readonly jump?: Jump;
  /** Written for the other family (`-4`, `-6`): iptables-restore passes over it. */
  readonly skipped?: true;
  /** `-c PACKETS BYTES`, as text. */
  readonly counters?: readonly [string, string];
}

export const isUse = (part: Use | Unread): part is Use => "extension" in part;
