import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Link, Route } from "../../inspect/snapshot";
import { errorAbout } from "../conntrack/reply";
import { parseRuleset } from "../iptables";
import type { Outcome, Packet } from "../model";
import type { Host } from "./host";
import { type TraversedOutcome, traverse } from "./traverse";

interface Flow {
  readonly name: string;
  readonly protocol: string;
  readonly src: string;
  readonly dst: string;
  readonly dport: number;
  readonly verdicts: readonly string[];
  readonly markedForMasquerade: boolean;
  readonly possibleEndpoints: readonly string[];
  readonly hooks: readonly string[];
  readonly ruleHits: readonly string[] | null;
}

interface FlowSet {
  readonly id: string;
  readonly iptablesSaveLegacy: string;
  readonly iptablesSaveNft: string;
  readonly flows: readonly Flow[];
}

const FILE = join(__dirname, "../../../../shared/data/kube-proxy/flows.json");
const SETS: readonly FlowSet[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];

const link = (ifindex: number, name: string, address: string, prefixLength: number): Link => ({
  ifindex,
  name,
  kind: "ether",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: [
    { family: "ipv4", address, prefixLength, scope: name === "lo" ? "host" : "global", secondary: false },
  ],
});

const route = (destination: string, dev: string, source?: string): Route => ({
  family: "ipv4",
  destination,
  type: "unicast",
  table: "main",
  dev,
  ...(source === undefined ? {} : { source }),
});

/** The node of kube-proxy's tests: nodes 192.168.0.0/24, pods 10.0.0.0/8, the world behind eth0. */
function node(text: string, variant: "legacy" | "nft"): Host {
  return {
    place: "node",
    rulesets: [{ ...parseRuleset(text, { family: "ipv4" }), variant }],
    links: [
      link(1, "lo", "127.0.0.1", 8),
      link(2, "eth0", "192.168.0.2", 24),
      link(3, "pods", "10.255.255.1", 8),
    ],
    routes: [
      route("192.168.0.0/24", "eth0", "192.168.0.2"),
      route("10.0.0.0/8", "pods", "10.255.255.1"),
      { ...route("0.0.0.0/0", "eth0"), via: "192.168.0.1" },
    ],
    sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.route_localnet": "1" },
  };
}

function rulesOf(outcome: Outcome): string[] {
  const steps = [...outcome.steps, ...(outcome.caused ?? []).flatMap((caused) => caused.steps)];
  return steps.flatMap((step) =>
    (step.kind === "rule" || step.kind === "return") && step.rule !== undefined ? [step.rule.text] : [],
  );
}

/**
 * The measurement's world sent back whatever reached it: a packet that was not masqueraded came and went until its TTL
 * was used up and the world said so; one that was came back with the node's own address, a martian.
 */
function bounced(host: Host, { packet, left, state }: TraversedOutcome): string[] {
  if (left?.dev === undefined) return [];
  const dies = packet.ttl <= 1;
  const back = dies
    ? { ...errorAbout(packet, "192.168.0.1"), icmp: { type: 11, code: 0, about: packet } }
    : { ...packet, ttl: packet.ttl - 1, mark: 0 };
  const { outcomes } = traverse(host, back, { from: { in: left.dev }, state });
  return outcomes.flatMap((outcome) => [...rulesOf(outcome), ...(dies ? [] : bounced(host, outcome))]);
}

const plain = (hit: string): string => hit.replace(/^\[\d+:\d+\] /, "");

const CASES = SETS.flatMap((set) =>
  set.flows.flatMap((flow) =>
    (["legacy", "nft"] as const).map((variant) => ({
      name: `${set.id} ${variant}: ${flow.name}`,
      set,
      flow,
      variant,
    })),
  ),
);

describe("kube-proxy's flows as the kernel routed them", () => {
  test("none is left out", () => expect(CASES.length).toBe(SETS.length === 0 ? 0 : 96));
  if (CASES.length === 0) return;
  test.each(CASES)("$name", ({ set, flow, variant }) => {
    const text = variant === "legacy" ? set.iptablesSaveLegacy : set.iptablesSaveNft;
    const host = node(text, variant);
    const packet: Packet = {
      family: "ipv4",
      src: flow.src,
      dst: flow.dst,
      protocol: flow.protocol,
      sport: 40000,
      dport: flow.dport,
      ttl: 64,
      tos: 0,
      length: 40,
      mark: 0,
    };
    const local = flow.hooks.includes("OUTPUT");
    const from = local ? { local: true as const } : { in: flow.src.startsWith("10.") ? "pods" : "eth0" };
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
});
