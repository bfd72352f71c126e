import { JUMPS } from "./jump";
import type { Chains, ProxyRules } from "./rules";

/**
 * What has to be given to `iptables-restore --noflush` once on a node: the chains that the kernel's own chains
 * jump to, and these jumps, put in front of what stands there.
 */
export function jumpInput(): string {
  return (["filter", "nat"] as const)
    .map((table) => {
      const jumps = JUMPS.filter((jump) => jump.table === table);
      const chains = [...new Set(jumps.map((jump) => jump.to))].map((chain) => `:${chain} - [0:0]`);
      const rules = [...jumps].reverse().map((jump) => `-I ${jump.from} ${jump.rule}`);
      return [`*${table}`, ...chains, ...rules, "COMMIT"].join("\n");
    })
    .join("\n")
    .concat("\n");
}

/**
 * Input for `iptables-restore --noflush` that brings a node's rules from `before` to `after`, each table at once.
 * As in kube-proxy, chains of services that did not change are left alone with their counters, and chains that no
 * service has any more are emptied and deleted in the same breath.
 *
 * @param after - the rules wanted.
 * @param before - the rules written last. Default: none, and then every chain is written.
 */
export function restoreInput(after: ProxyRules, before?: ProxyRules): string {
  const unchanged = new Set<string>();
  for (const [service, chains] of after.owned) {
    const old = before?.owned.get(service);
    if (before && old && sameChains(chains, after.nat, old, before.nat))
      for (const chain of chains) unchanged.add(chain);
  }
  const stale = before ? [...before.nat.keys()].filter((chain) => !after.nat.has(chain)) : [];
  const nat = [...after.nat].filter(([chain]) => !unchanged.has(chain));
  return [...tableInput("filter", [...after.filter], []), ...tableInput("nat", nat, stale), ""].join("\n");
}

function tableInput(
  table: string,
  chains: readonly (readonly [string, readonly string[]])[],
  stale: readonly string[],
): string[] {
  return [
    `*${table}`,
    ...chains.map(([chain]) => `:${chain} - [0:0]`),
    // Naming a chain empties it; only an empty chain can be deleted.
    ...stale.map((chain) => `:${chain} - [0:0]`),
    ...chains.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...stale.map((chain) => `-X ${chain}`),
    "COMMIT",
  ];
}

function sameChains(
  names: readonly string[],
  chains: Chains,
  oldNames: readonly string[],
  old: Chains,
): boolean {
  if (names.length !== oldNames.length) return false;
  return names.every((name) => {
    const was = old.get(name);
    const is = chains.get(name);
    return was !== undefined && is?.length === was.length && is.every((rule, index) => rule === was[index]);
  });
}
