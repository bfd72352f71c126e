import type { Host, Packet, Rule, TableName } from "../model";
import { type Entry, traverse } from "../traverse";

/** One rule and the packets of a set that hit it, in some outcome. */
export interface RuleUse {
  readonly table: TableName;
  readonly chain: string;
  readonly variant?: "legacy" | "nft";
  readonly rule: Rule;
  readonly packets: readonly Packet[];
}

/** Every rule of a host with the packets that hit it, in the order of the dump; rules that none hit have an empty list. */
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
          ...(variant === undefined ? {} : { variant }),
        })),
      ),
    ),
  );
}
