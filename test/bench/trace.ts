import { parseRuleset } from "../../lib/netfilter/iptables";
import type { Host, Packet } from "../../lib/netfilter/model";
import { traverse } from "../../lib/netfilter/traverse";
import { kubeProxyDump } from "./kube-proxy";

/** The results of one measurement. */
export interface TraceBench {
  readonly lines: number;
  /** Includes building the index of the long chain. */
  readonly firstMs: number;
  /** Includes parsing the rules of that service. */
  readonly firstOfServiceMs: number;
  /** Per packet, for its full path with three outcomes, one per endpoint. The best of several rounds. */
  readonly perPacketMs: number;
  readonly limitMs: number;
}

const SERVICES = 10_000;
const PACKETS = 500;
const ROUNDS = 8;

function packetTo(service: number): Packet {
  const number = 0x1e0000 + service + 1;
  return {
    family: "ipv4",
    src: "10.200.0.9",
    dst: `172.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
    protocol: "tcp",
    sport: 40_000,
    dport: 80,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  };
}

/** Traces packets to ClusterIPs through a rule set of 10,000 services with three endpoints each. */
export function benchTrace(): TraceBench {
  const text = kubeProxyDump({ services: SERVICES, endpoints: 3 });
  const host: Host = {
    place: "node",
    rulesets: [parseRuleset(text, { family: "ipv4" })],
    links: [],
    routes: [
      { family: "ipv4", destination: "10.0.0.0/8", type: "unicast", table: "main", dev: "pods" },
      {
        family: "ipv4",
        destination: "0.0.0.0/0",
        type: "unicast",
        table: "main",
        dev: "eth0",
        via: "192.168.0.1",
      },
    ],
    sysctls: { "net.ipv4.ip_forward": "1" },
  };
  const run = (service: number): void => {
    const { outcomes } = traverse(host, packetTo(service), { from: { in: "pods" } });
    if (outcomes.length !== 3) throw new Error(`expected three outcomes, found ${outcomes.length}`);
  };
  const started = performance.now();
  run(SERVICES - 1);
  const firstMs = performance.now() - started;
  const round = (): number => {
    const begun = performance.now();
    for (let at = 0; at < PACKETS; at++) run((at * 104_729) % SERVICES);
    return (performance.now() - begun) / PACKETS;
  };
  const firstOfServiceMs = round();
  const perPacketMs = Math.min(...Array.from({ length: ROUNDS }, round));
  return { lines: text.split("\n").length, firstMs, firstOfServiceMs, perPacketMs, limitMs: 0.2 };
}
