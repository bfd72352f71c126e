import type { Action } from "../../model/action";
import type { Match } from "../../model/match";

/** Address families that iptables' syntax knows; the model has only the first two. */
export type SyntaxFamily = "ipv4" | "ipv6" | "arp" | "bridge";

/** Which of the two in-kernel implementations prints or refuses. */
export type Variant = "legacy" | "nft";

/** Why an option, a value or a rule is refused: what was found, and what was expected in its place. */
export class Refusal extends Error {
  /** Index of the word that is wrong, where one word is. */
  word: number | undefined;
  constructor(
    message: string,
    readonly expected: string,
    readonly advice = "",
    /** Set where only one of the two implementations refuses. */
    readonly variant?: Variant,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

/** What a value's meaning depends on. */
export interface Context {
  readonly family: SyntaxFamily;
  /** Protocol of the rule in decimal, for service names and checks; undefined when `-p` is absent, 0 or negated. */
  readonly protocol?: number | undefined;
  /** The protocol after `! -p`, where it is negated. */
  readonly except?: number | undefined;
}

/**
 * A kind of value: reads the word that was written and returns it as iptables-save would print it, before quoting.
 * It throws a Refusal when iptables would refuse it.
 */
export interface Kind {
  /** What the user should have written: `a port or a range of ports`. */
  readonly what: string;
  readonly read: (word: string, context: Context) => string;
  /** How iptables-save prints the canonical value, where that is not the value itself. */
  readonly shown?: (value: string, variant: Variant) => string;
  /** Printed through xtables_save_string: quoted where needed. `always`: in quotes whatever it holds. */
  readonly quoted?: boolean | "always";
}

/** An option as it was given, its values canonical. */
export interface Given {
  readonly inverted: boolean;
  readonly values: readonly string[];
}

export interface OptionDeclaration {
  readonly name: string;
  /** Other spellings that mean the same. */
  readonly aliases?: readonly string[];
  /** One for each word that follows; none for a flag. */
  readonly values: readonly Kind[];
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
    given: Given,
    context: Context,
    options: Options,
  ) => readonly [name: string, given: Given];
  /** Values that iptables-save does not print. */
  readonly silent?: (given: Given, context: Context) => boolean;
  /** nftables' own expression does not keep it, so iptables-nft-save does not print it. */
  readonly legacyOnly?: boolean;
  /** Values that iptables-save prints when the option was not given. */
  readonly byDefault?: (context: Context) => readonly string[];
}

/** The options of one extension as they were given, by canonical name. */
export type Options = ReadonlyMap<string, Given>;

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
  /** What the table of options cannot say. Returns the options to keep; throws a Refusal. */
  readonly check?: (options: Map<string, Given>, context: Context) => void;
  /**
   * What nftables' own expressions keep of the options, where iptables-nft writes such and no match of x_tables; they add
   * to what those of an earlier use said. Undefined where it writes the match itself.
   */
  readonly expressed?: (options: Options, before: Options) => Options | undefined;
  /** What the other matches of the rule must say for the kernel to take it. */
  readonly demands?: (matches: readonly Use[], options: Options) => Refusal | undefined;
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

type Rest<T> = Omit<T, "name" | "values">;

/** An option with one word or several after it. */
export const option = (
  name: string,
  values: Kind | readonly Kind[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => ({ name, values: "read" in values ? [values] : values, ...rest });

/** An option that takes `!` before it. */
export const invertible = (
  name: string,
  values: Kind | readonly Kind[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => option(name, values, { invertible: true, ...rest });

/** An option without a value. */
export const flag = (name: string, rest: Rest<OptionDeclaration> = {}): OptionDeclaration =>
  option(name, [], rest);

const IP: readonly SyntaxFamily[] = ["ipv4", "ipv6"];

type Spec = Omit<Extension, "kind" | "name" | "families" | "options"> & {
  readonly families?: readonly SyntaxFamily[];
  readonly options?: readonly OptionDeclaration[];
};

/** A match of both IPv4 and IPv6, unless `families` says otherwise. */
export const match = (name: string, spec: Spec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "match",
  name,
});

/** A target of both IPv4 and IPv6, unless `families` says otherwise. */
export const target = (name: string, spec: Spec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "target",
  name,
});
