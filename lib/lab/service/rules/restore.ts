import { JUMPS } from "./jump";
import type { Chains, ProxyRules } from "./rules";

/**
 * Returns the input for `iptables-restore --noflush` that a node needs once: the chains that the base chains jump to, and
 * these jumps, inserted before existing rules.
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
 * Returns the input for `iptables-restore --noflush` that changes a node's rules from `before` to `after`, one transaction
 * for each table. Like kube-proxy, keeps the chains of unchanged services with their counters, and flushes and deletes
 * chains that are not used any more.
 *
 * @param after - the new rules.
 * @param before - the rules written last. Default: none; then every chain is written.
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
    // Declaring a chain flushes it. Only an empty chain can be deleted.
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
