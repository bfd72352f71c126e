import { type RuleParts, ruleText } from "./rule";

/** Rules by chain, in the syntax of `iptables-save` without `-A CHAIN`. */
export type Chains = ReadonlyMap<string, readonly string[]>;

/** kube-proxy's chains in a node's filter and nat tables, without the jumps from the base chains. */
export interface ProxyRules {
  readonly filter: Chains;
  readonly nat: Chains;
  /** The nat chains of each service port, by its name. */
  readonly owned: ReadonlyMap<string, readonly string[]>;
}

/** Builds the filter and nat tables rule by rule. */
export class RuleBuilder implements ProxyRules {
  readonly filter = new Map<string, string[]>();
  readonly nat = new Map<string, string[]>();
  readonly owned = new Map<string, string[]>();

  /** Adds an empty chain if it doesn't exist. */
  open(table: "filter" | "nat", chain: string): void {
    if (!this[table].has(chain)) this[table].set(chain, []);
  }

  /** Adds a nat chain that belongs to a service port. */
  own(service: string, chain: string): void {
    this.open("nat", chain);
    const chains = this.owned.get(service) ?? [];
    if (!chains.includes(chain)) this.owned.set(service, [...chains, chain]);
  }

  /** Appends a rule to a chain. */
  add(table: "filter" | "nat", chain: string, parts: RuleParts): void {
    this.open(table, chain);
    this[table].get(chain)?.push(ruleText(parts));
  }
}
