import { readFileSync } from "node:fs";
import { parseRuleset } from "../../lib/netfilter/iptables";
import type { Host, Packet } from "../../lib/netfilter/model";
import type { Entry } from "../../lib/netfilter/traverse";
import { withSharedData } from "../shared-data";
import { LOCAL, link, route, via } from "./router";

/** A packet flow from kube-proxy's own tests, with the result that they expect. */
export interface Flow {
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

export interface FlowSet {
  readonly id: string;
  readonly iptablesSaveLegacy: string;
  readonly iptablesSaveNft: string;
  readonly flows: readonly Flow[];
}

/** Declares tests of kube-proxy's flows. See {@link withSharedData}. */
export function withFlowSets(cases: number, declare: (sets: readonly FlowSet[]) => number): void {
  withSharedData("kube-proxy/flows.json", cases, (file) => declare(JSON.parse(readFileSync(file, "utf8"))));
}

/** The node of kube-proxy's tests: nodes in 192.168.0.0/24, pods in 10.0.0.0/8, all other addresses via eth0. */
export function node(text: string, variant: "legacy" | "nft"): Host {
  return {
    place: "node",
    rulesets: [{ ...parseRuleset(text, { family: "ipv4" }), variant }],
    links: [
      link(1, "lo", "127.0.0.1/8"),
      link(2, "eth0", "192.168.0.2/24"),
      link(3, "pods", "10.255.255.1/8"),
    ],
    routes: [
      route("192.168.0.0/24", "eth0", { source: "192.168.0.2" }),
      route("10.0.0.0/8", "pods", { source: "10.255.255.1" }),
      route("0.0.0.0/0", "eth0", { via: "192.168.0.1" }),
    ],
    sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.route_localnet": "1" },
  };
}

/** The flow's first packet, and where it enters the node. */
export function first({ src, dst, protocol, dport, hooks }: Flow): { packet: Packet; from: Entry } {
  return {
    packet: {
      family: "ipv4",
      src,
      dst,
      protocol,
      sport: 40000,
      dport,
      ttl: 64,
      tos: 0,
      length: 40,
      mark: 0,
    },
    from: hooks.includes("OUTPUT") ? LOCAL : via(src.startsWith("10.") ? "pods" : "eth0"),
  };
}
