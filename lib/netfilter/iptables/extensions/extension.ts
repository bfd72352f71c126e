import type { Action } from "../../model/action";
import type { Match } from "../../model/match";
import type { Context, SyntaxFamily, Variant } from "../context";
import type { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "../values/value-type";

/** An option as it was given, its values canonical. */
export interface ParsedOption {
  readonly inverted: boolean;
  readonly values: readonly string[];
}

export interface OptionDeclaration {
  readonly name: string;
  /** Other spellings that mean the same. */
  readonly aliases?: readonly string[];
  /** One for each word that follows; none for a flag. */
  readonly values: readonly ValueType[];
  /** The last value may be left out; this stands for it. */
  readonly optional?: string;
  /** Its short form, for the options of arptables and ebtables that belong to the frame. */
  readonly letter?: string;
  /** `!` is allowed before it. */
  readonly invertible?: boolean;
  /** May be given more than once (the last counts, unless `join` says otherwise). */
  readonly repeatable?: boolean;
  readonly required?: boolean;
  readonly excludes?: readonly string[];
  readonly needs?: readonly string[];
  /** Key under which it is kept, for options that come again in every element of a list (`policy`). */
  readonly slot?: (options: Options) => string;
  /** What it is short for: `--syn` is `--tcp-flags …`. */
  readonly becomes?: (
    given: ParsedOption,
    context: Context,
    options: Options,
  ) => readonly [name: string, given: ParsedOption];
  /** Values that iptables-save does not print. */
  readonly silent?: (given: ParsedOption, context: Context) => boolean;
  /** nftables' own expression does not keep it, so iptables-nft-save does not print it. */
  readonly legacyOnly?: boolean;
  /** Values that iptables-save prints when the option was not given. */
  readonly byDefault?: (context: Context) => readonly string[];
}

/** The options of one extension as they were given, by canonical name. */
export type Options = ReadonlyMap<string, ParsedOption>;

/**
 * A match or target of iptables, as data: what it accepts, where it may stand, how it prints and what it means.
 * Parsing, checking, printing and lowering all read this one declaration.
 */
export interface Extension {
  readonly kind: "match" | "target";
  readonly name: string;
  readonly families: readonly SyntaxFamily[];
  /** Its options stand without `-m NAME`: all matches of arptables and ebtables. */
  readonly implicit?: boolean;
  /** Tables in which the kernel accepts it; default: all. */
  readonly tables?: readonly string[];
  /** Tables in which only iptables-legacy insists on it. */
  readonly legacyTables?: readonly string[];
  /** Base chains from which the kernel lets it be reached; default: all. */
  readonly hooks?: readonly string[] | ((options: Options) => readonly string[] | undefined);
  /** Protocols (numbers) one of which `-p` must name. */
  readonly protocols?: readonly number[];
  readonly options: readonly OptionDeclaration[];
  /** At least one of these options must be given. */
  readonly oneOf?: readonly string[];
  /** Order of printing, where it is not the order of `options`. */
  readonly order?: readonly string[];
  /** Name that iptables-save prints, where it is another (`state` prints as itself, `NOTRACK` as `CT --notrack`). */
  readonly printsAs?: string;
  /** What the table of options cannot say. Returns the options to keep; throws a RuleSyntaxError. */
  readonly check?: (options: Map<string, ParsedOption>, context: Context) => void;
  /**
   * What nftables' own expressions keep of the options, where iptables-nft writes such and no match of x_tables; they add
   * to what those of an earlier use said. Undefined where it writes the match itself.
   */
  readonly expressed?: (options: Options, before: Options) => Options | undefined;
  /** What the other matches of the rule must say for the kernel to take it. */
  readonly demands?: (matches: readonly Use[], options: Options) => RuleSyntaxError | undefined;
  /** Prints all after `-m NAME` / `-j NAME`, where the table cannot say it. */
  readonly print?: (options: Options, variant: Variant, context: Context) => string;
  readonly lower?: (options: Options, context: Context) => readonly Match[];
  readonly act?: (options: Options, context: Context) => Action;
}

/** One use of an extension in a rule. */
export interface Use {
  readonly extension: Extension;
  readonly options: Options;
}
