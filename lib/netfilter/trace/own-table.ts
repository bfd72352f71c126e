import type { Packet, Path, Step } from "../model";

/**
 * How the names of the nf_tables tables begin that a live trace adds and removes. Their chains select packets and
 * report their headers; they never decide about one.
 */
export const OWN_TABLE = "wirebook-trace";

/** Where a live trace sends the packets that only tell it how far it has read. Never leaves the namespace. */
export const SENTINEL_ADDRESS = "127.93.0.1";

/** Packets to trace: both directions of it, and the ICMP errors about it. Absent parts may be anything. */
export interface Flow {
  readonly family: "ipv4" | "ipv6";
  readonly src?: string;
  readonly dst?: string;
  /** `tcp`, `udp`, `icmp`, `ipv6-icmp` … or a number in decimal. */
  readonly protocol?: string;
  readonly sport?: number;
  readonly dport?: number;
}

/**
 * The flow of a packet.
 *
 * @param anyPort - leaves the sender's port open, as where the sender's kernel will choose it.
 */
export function flowOf(packet: Packet, anyPort = false): Flow {
  const { family, src, dst, protocol, sport, dport } = packet;
  return {
    family,
    src,
    dst,
    protocol,
    ...(sport === undefined || anyPort ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
  };
}

/**
 * The flows as which a path's packet is seen in one place: before and after each translation. A namespace behind
 * a DNAT sees another destination than the sender wrote.
 */
export function flowsAt(place: string, path: Path, anyPort = false): Flow[] {
  const found = new Map<string, Flow>();
  const see = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.place !== place) continue;
      for (const packet of [step.before, step.after]) {
        const flow = flowOf(packet, anyPort);
        found.set(JSON.stringify(flow), flow);
      }
    }
  };
  for (const outcome of path.outcomes) {
    see(outcome.steps);
    for (const caused of outcome.caused ?? []) see(caused.steps);
  }
  return [...found.values()];
}

const portProtocols: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "dccp", "udplite"]);

function expression({ family, src, dst, protocol, sport, dport }: Flow): string {
  const ip = family === "ipv6" ? "ip6" : "ip";
  const ported = protocol !== undefined && portProtocols.has(protocol);
  return [
    `meta nfproto ${family}`,
    ...(src === undefined ? [] : [`${ip} saddr ${src}`]),
    ...(dst === undefined ? [] : [`${ip} daddr ${dst}`]),
    ...(protocol === undefined ? [] : [`meta l4proto ${protocol}`]),
    ...(ported && sport !== undefined ? [`${protocol} sport ${sport}`] : []),
    ...(ported && dport !== undefined ? [`${protocol} dport ${dport}`] : []),
  ].join(" ");
}

function reversed({ family, src, dst, protocol, sport, dport }: Flow): Flow {
  return {
    family,
    ...(dst === undefined ? {} : { src: dst }),
    ...(src === undefined ? {} : { dst: src }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(dport === undefined ? {} : { sport: dport }),
    ...(sport === undefined ? {} : { dport: sport }),
  };
}

// ICMP's errors: destination unreachable, time exceeded, parameter problem; ICMPv6's: types 1 to 4.
function errors({ family, src }: Flow): string | undefined {
  if (src === undefined) return undefined;
  return family === "ipv6" ? `ip6 daddr ${src} icmpv6 type 1-4` : `ip daddr ${src} icmp type { 3, 11, 12 }`;
}

/**
 * The table that traces exactly these flows, in nft's language. Its first chains stand before raw (-300) and behind
 * defragmentation (-400); the last ones behind every translation (100), and report the header as it leaves.
 *
 * A table of its own instead of `-t raw … -j TRACE`: nothing of the namespace's own tables is touched, its removal is one
 * command, and its base chains use no conntrack, so that they do not switch it on.
 */
export function ownTable(name: string, flows: readonly Flow[]): string {
  const selectors = [
    ...new Set(
      flows.flatMap((flow) => {
        const about = errors(flow);
        return [expression(flow), expression(reversed(flow)), ...(about === undefined ? [] : [about])];
      }),
    ),
  ].map((selector) => `    ${selector} meta nftrace set 1;`);
  return [
    `table inet ${name} {`,
    "  chain pre {",
    "    type filter hook prerouting priority -350;",
    ...selectors,
    "  }",
    "  chain out {",
    "    type filter hook output priority -350;",
    `    ip daddr ${SENTINEL_ADDRESS} meta nftrace set 1 drop;`,
    ...selectors,
    "  }",
    "  chain in { type filter hook input priority 400; }",
    "  chain post { type filter hook postrouting priority 400; }",
    "}",
    "",
  ].join("\n");
}
