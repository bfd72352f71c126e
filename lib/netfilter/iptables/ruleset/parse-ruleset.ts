import type { Family } from "../../model/packet";
import { RulesError } from "../../model/problem";
import type { Ruleset } from "../../model/ruleset";
import { parseDump } from "../read/parse";
import { toRuleset } from "./to-ruleset";

export interface ParseRulesetOptions {
  /** Default: what the header comment says (`ip6tables-save …`), else `ipv4`. */
  readonly family?: Family;
  /** Name to put into problems. */
  readonly file?: string;
  /** Reads on after a problem and returns it in `problems`, instead of throwing. Default: false. */
  readonly tolerant?: boolean;
}

/**
 * Reads what `iptables-save`, `ip6tables-save` or `iptables -S` printed, or what iptables-restore is given.
 *
 * Text, conditions and action of a rule are made when they are first asked for, so that a dump of 100,000 rules costs
 * no more than what is looked at.
 *
 * @throws RulesError with every problem, unless `tolerant`.
 */
export function parseRuleset(text: string, options: ParseRulesetOptions = {}): Ruleset {
  const { tolerant = false, ...rest } = options;
  const dump = parseDump(text, rest);
  if (!tolerant && dump.problems.length > 0) throw new RulesError(dump.problems);
  return toRuleset(dump);
}
