import { first, node, withFlowSets } from "../../../test/netfilter/kube-proxy";
import { errorAbout } from "../conntrack/reply";
import type { Host, Outcome } from "../model";
import { type HostOutcome, traverse } from "./traverse";

function rulesOf(outcome: Outcome): string[] {
  const steps = [...outcome.steps, ...(outcome.caused ?? []).flatMap((caused) => caused.steps)];
  return steps.flatMap((step) =>
    (step.kind === "rule" || step.kind === "return") && step.rule !== undefined ? [step.rule.text] : [],
  );
}

/**
 * The measurement's external host sent all packets back. A packet without masquerading went back and forth until its TTL
 * was exceeded. A masqueraded one came back with the node's own address as source, which is a martian.
 */
function bounced(host: Host, { packet, left, state }: HostOutcome): string[] {
  if (left?.dev === undefined) return [];
  const dies = packet.ttl <= 1;
  const back = dies
    ? { ...errorAbout(packet, "192.168.0.1"), icmp: { type: 11, code: 0, about: packet } }
    : { ...packet, ttl: packet.ttl - 1, mark: 0 };
  const { outcomes } = traverse(host, back, { from: { in: left.dev }, state });
  return outcomes.flatMap((outcome) => [...rulesOf(outcome), ...(dies ? [] : bounced(host, outcome))]);
}

const plain = (hit: string): string => hit.replace(/^\[\d+:\d+\] /, "");

// Flows through kube-proxy's rules, measured on a kernel.
withFlowSets(96, (sets) => {
  const cases = sets.flatMap((set) =>
    set.flows.flatMap((flow) =>
      (["legacy", "nft"] as const).map((variant) => ({
        name: `${set.id} ${variant}: ${flow.name}`,
        set,
        flow,
        variant,
      })),
    ),
  );

  test.each(cases)("$name", ({ set, flow, variant }) => {
    const text = variant === "legacy" ? set.iptablesSaveLegacy : set.iptablesSaveNft;
    const host = node(text, variant);
    const { packet, from } = first(flow);
    const { outcomes } = traverse(host, packet, { from });
    const endpoints = outcomes
      .filter(({ verdict }) => verdict === "accept")
      .map(({ packet: { dst, dport } }) => `${dst}:${dport}`);
    expect([...new Set(endpoints)].sort()).toEqual([...flow.possibleEndpoints].sort());
    const stopped = outcomes
      .filter(({ verdict }) => verdict !== "accept")
      .map(({ verdict }) => verdict.toUpperCase());
    expect([...new Set(stopped)]).toEqual(flow.verdicts);
    for (const outcome of outcomes) {
      expect(outcome.certain).toBe(true);
      const marked = outcome.steps.some(
        (step) =>
          step.kind === "rule" && (step.after.mark & 0x4000) !== 0 && (step.before.mark & 0x4000) === 0,
      );
      expect(marked).toBe(flow.markedForMasquerade);
    }
    if (flow.ruleHits !== null) {
      const hit = outcomes.flatMap((outcome) => [...rulesOf(outcome), ...bounced(host, outcome)]);
      expect([...new Set(hit)].sort()).toEqual(flow.ruleHits.map(plain).sort());
    }
  });
  return cases.length;
});
