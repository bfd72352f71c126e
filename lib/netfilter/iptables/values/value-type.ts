import type { Context, Variant } from "../context";

/**
 * The type of an option's value. `read` turns a word of the rule into the canonical value: what iptables-save would
 * print, before quoting. It throws a RuleSyntaxError if iptables would refuse the word.
 */
export interface ValueType {
  /** What is expected, for error messages: `a port or a range of ports`. */
  readonly expected: string;
  readonly read: (word: string, context: Context) => string;
  /** Converts the canonical value to what iptables-save prints. Default: the value itself. */
  readonly print?: (value: string, variant: Variant) => string;
  /**
   * Whether the value is printed in quotes: `true` if it needs them (xtables_save_string), or `always`. Default:
   * false.
   */
  readonly quoted?: boolean | "always";
}
