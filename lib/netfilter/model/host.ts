import type { Link, PolicyRule, Route } from "../../inspect/snapshot";
import type { Ruleset } from "./ruleset";

/**
 * The parts of a network namespace that affect the path of a packet. Absent parts are unknown: traversal follows all
 * possible paths that depend on them. `hostOf` creates a host from a snapshot.
 *
 * @example
 * import { type Host, parseRuleset } from "wirebook";
 *
 * const host: Host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 */
export interface Host {
  /** Name of the network namespace, shown in steps. */
  readonly place: string;
  readonly rulesets: readonly Ruleset[];
  /** Rule sets of the namespace that were not read, such as `table inet firewalld`. The model ignores their rules. */
  readonly unread?: readonly string[];
  /** Links and their addresses. They also determine which addresses are local, unless `routes` contains the local table. */
  readonly links?: readonly Link[];
  readonly routes?: readonly Route[];
  readonly policyRules?: readonly PolicyRule[];
  /** Sysctls by dotted name. An absent one has the kernel's default, unless `partialSysctls` is set. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Only some sysctls were read, so that absent ones are unknown. */
  readonly partialSysctls?: boolean;
  /** Members of each ipset by its name, as printed by `ipset list`. An absent set is unknown. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}
