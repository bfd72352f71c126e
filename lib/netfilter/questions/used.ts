import { withoutUndefined } from "../../without-undefined";
import type { Host, Packet, Rule, TableName } from "../model";
import { type Entry, traverse } from "../traverse";

/** One rule, and the packets that match it in at least one outcome. */
export interface RuleUse {
  readonly table: TableName;
  readonly chain: string;
  readonly variant?: "legacy" | "nft";
  readonly rule: Rule;
  readonly packets: readonly Packet[];
}

/**
 * Computes which rules of a host match which packets.
 *
 * @param sent - the packets, and where each of them enters the host.
 * @returns all rules of the host in the order of the dump. Rules that no packet matches have an empty list.
 * @example
 * import { parseRuleset, rulesUsed } from "wirebook";
 *
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n")] };
 * const packet = {
 *   family: "ipv4", src: "127.0.0.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const uses = rulesUsed(host, [{ packet, from: { local: true } }]);
 * console.log(uses.map(({ rule, packets }) => `${rule.text}: ${packets.length}`));
 */
export function rulesUsed(
  host: Host,
  sent: Iterable<{ readonly packet: Packet; readonly from: Entry }>,
): RuleUse[] {
  const hits = new Map<Rule, Set<Packet>>();
  for (const { packet, from } of sent) {
    for (const { steps, caused } of traverse(host, packet, { from }).outcomes) {
      for (const step of [...steps, ...(caused ?? []).flatMap((answer) => answer.steps)]) {
        if ((step.kind !== "rule" && step.kind !== "return") || step.rule === undefined) continue;
        const known = hits.get(step.rule) ?? new Set();
        hits.set(step.rule, known.add(packet));
      }
    }
  }
  return host.rulesets.flatMap(({ tables, variant }) =>
    [...tables.values()].flatMap(({ name: table, chains }) =>
      [...chains.values()].flatMap(({ name: chain, rules }) =>
        rules.map((rule) => ({
          table,
          chain,
          rule,
          packets: [...(hits.get(rule) ?? [])],
          ...withoutUndefined({ variant }),
        })),
      ),
    ),
  );
}
