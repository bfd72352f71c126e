import type { Context, Variant } from "../context";

/**
 * A kind of value: reads the word that was written and returns it as iptables-save would print it, before quoting.
 * It throws a RuleSyntaxError when iptables would refuse it.
 */
export interface ValueType {
  /** What the user should have written: `a port or a range of ports`. */
  readonly what: string;
  readonly read: (word: string, context: Context) => string;
  /** How iptables-save prints the canonical value, where that is not the value itself. */
  readonly shown?: (value: string, variant: Variant) => string;
  /** Printed through xtables_save_string: quoted where needed. `always`: in quotes whatever it holds. */
  readonly quoted?: boolean | "always";
}
