import { parseRuleset } from "../../lib/netfilter/iptables";
import type { Host, Packet } from "../../lib/netfilter/model";
import { traverse } from "../../lib/netfilter/traverse";
import { kubeProxyDump } from "./kube-proxy";

/** What one measurement gave. */
export interface TraceBench {
  readonly lines: number;
  /** The first packet pays for the index of the long chain. */
  readonly firstMs: number;
  /** The first packet to a service pays for reading that service's rules. */
  readonly firstOfServiceMs: number;
  /** Each packet with its whole path: three endpoints, so three outcomes. The best of some rounds. */
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

/** The path of a packet to a ClusterIP, on the rule set of 10,000 services with three endpoints each. */
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
    if (outcomes.length !== 3) throw new Error(`expected three ways, found ${outcomes.length}`);
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
