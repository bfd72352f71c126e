import { type RuleParts, ruleText } from "./rule";

/** Rules by chain, each as `iptables-save` prints it without `-A CHAIN`. */
export type Chains = ReadonlyMap<string, readonly string[]>;

/** What kube-proxy wants in a node's filter and nat tables, the jumps from the kernel's chains aside. */
export interface ProxyRules {
  readonly filter: Chains;
  readonly nat: Chains;
  /** The nat chains that belong to each service port, by its name. */
  readonly owned: ReadonlyMap<string, readonly string[]>;
}

/** The two tables while they are being written. */
export class RuleBuilder implements ProxyRules {
  readonly filter = new Map<string, string[]>();
  readonly nat = new Map<string, string[]>();
  readonly owned = new Map<string, string[]>();

  open(table: "filter" | "nat", chain: string): void {
    if (!this[table].has(chain)) this[table].set(chain, []);
  }

  own(service: string, chain: string): void {
    this.open("nat", chain);
    const chains = this.owned.get(service) ?? [];
    if (!chains.includes(chain)) this.owned.set(service, [...chains, chain]);
  }

  add(table: "filter" | "nat", chain: string, parts: RuleParts): void {
    this.open(table, chain);
    this[table].get(chain)?.push(ruleText(parts));
  }
}
