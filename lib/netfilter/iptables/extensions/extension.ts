import type { Action } from "../../model/action";
import type { Match } from "../../model/match";
import type { Context, SyntaxFamily, Variant } from "../context";
import type { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "../values/value-type";

/** An option of a rule, with its values as iptables-save would print them. */
export interface ParsedOption {
  readonly inverted: boolean;
  readonly values: readonly string[];
}

export interface OptionDeclaration {
  readonly name: string;
  /** Other names of the option. */
  readonly aliases?: readonly string[];
  /** The type of each value that follows. Empty for a flag. */
  readonly values: readonly ValueType[];
  /** The value that stands for the last one if that is left out. Without it, the last value is required. */
  readonly valueIfOmitted?: string;
  /** The letter of the short form. Only options of arptables and ebtables have one. */
  readonly letter?: string;
  /** `!` may precede the option. */
  readonly invertible?: boolean;
  /** May be given more than once. The last one is used. */
  readonly repeatable?: boolean;
  readonly required?: boolean;
  /** Options that it cannot be used with. */
  readonly excludes?: readonly string[];
  /** Options that it cannot be used without. */
  readonly needs?: readonly string[];
  /**
   * The name under which it is stored, for options that are repeated for each element of a list (`-m policy --next`).
   */
  readonly storedUnder?: (options: Options) => string;
  /** The option that it is short for: `--syn` is stored as `--tcp-flags …`. */
  readonly storedAs?: (
    given: ParsedOption,
    context: Context,
    options: Options,
  ) => readonly [name: string, given: ParsedOption];
  /** Whether iptables-save leaves the option out, for example because it is the default. */
  readonly isOmitted?: (given: ParsedOption, context: Context) => boolean;
  /** iptables-nft does not store the option, so that iptables-nft-save does not print it. */
  readonly legacyOnly?: boolean;
  /** Values that iptables-save prints if the option was not given. */
  readonly defaultValues?: (context: Context) => readonly string[];
}

/** The options of one use of an extension, by name. */
export type Options = ReadonlyMap<string, ParsedOption>;

/**
 * A match or target of iptables as data: its options, where it may be used, how it is printed, and what it means to the
 * model. The parser, the checks, the printers and the model all read this one declaration.
 */
export interface Extension {
  readonly kind: "match" | "target";
  readonly name: string;
  readonly families: readonly SyntaxFamily[];
  /** Its options need no `-m NAME`. True for all matches of arptables and ebtables. */
  readonly implicit?: boolean;
  /** Tables in which it may be used. Default: all. */
  readonly tables?: readonly string[];
  /** Tables in which iptables-legacy allows it. iptables-nft allows it in all. */
  readonly legacyTables?: readonly string[];
  /** Base chains from which its rule may be reached. Default: all. */
  readonly hooks?: readonly string[] | ((options: Options) => readonly string[] | undefined);
  /** Numbers of the protocols that it needs: `-p` must name one of them. Default: any rule may use it. */
  readonly protocols?: readonly number[];
  readonly options: readonly OptionDeclaration[];
  /** At least one of these options is required. */
  readonly oneOf?: readonly string[];
  /** The order in which options are printed. Default: the order of `options`. */
  readonly order?: readonly string[];
  /** The name that iptables-save prints. Default: `name`. */
  readonly printsAs?: string;
  /**
   * Checks that the other fields cannot express. May change the options to what iptables-save would print.
   *
   * @throws RuleSyntaxError if iptables would refuse them.
   */
  readonly check?: (options: Map<string, ParsedOption>, context: Context) => void;
  /**
   * For matches that iptables-nft translates to native nftables expressions: the options that the expressions still
   * hold, together with those of an earlier use in the same rule. Undefined if iptables-nft keeps the match as it is.
   */
  readonly asNftExpressions?: (options: Options, before: Options) => Options | undefined;
  /** Checks the other matches of the rule. Returns an error if iptables would refuse the rule because of them. */
  readonly checkRule?: (matches: readonly Use[], options: Options) => RuleSyntaxError | undefined;
  /** Prints what follows `-m NAME` or `-j NAME`. Default: the options in order. */
  readonly print?: (options: Options, variant: Variant, context: Context) => string;
  /** Conditions of the model that a match stands for. Without it, the model treats the match as unknown. */
  readonly toMatches?: (options: Options, context: Context) => readonly Match[];
  /** Action of the model that a target stands for. Without it, the model treats the target as unknown. */
  readonly toAction?: (options: Options, context: Context) => Action;
}

/** One use of an extension in a rule. */
export interface Use {
  readonly extension: Extension;
  readonly options: Options;
}
