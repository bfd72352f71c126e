import type { Link, PolicyRule, Route } from "../../inspect/snapshot";
import type { Ruleset } from "./ruleset";

/**
 * What one network namespace is, as far as a packet's path depends on it. Parts that are absent are not known:
 * what hangs on them is followed both ways.
 */
export interface Host {
  readonly place: string;
  readonly rulesets: readonly Ruleset[];
  /** Links with their addresses; they also decide which addresses are local, unless `routes` holds the local table. */
  readonly links?: readonly Link[];
  readonly routes?: readonly Route[];
  readonly policyRules?: readonly PolicyRule[];
  /** By dotted name. A name that is absent has the kernel's default, unless `partialSysctls` says otherwise. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Only some sysctls were read: one that is absent is not known. */
  readonly partialSysctls?: boolean;
  /** Members of each ipset by its name. A set that is absent is not known. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}
