import { withoutUndefined } from "../../without-undefined";
import type { Packet, Step, Traversal } from "../model";

/**
 * Prefix of the names of the nf_tables tables that a live trace adds and removes. Their chains select packets and report
 * their headers. They do not drop or accept packets, except for the sentinel.
 */
export const OWN_TABLE = "wirebook-trace";

/** Destination of the sentinel packets of {@link LiveTrace.flush}. They never leave the namespace. */
export const SENTINEL_ADDRESS = "127.93.0.1";

/** A flow to trace: packets in both directions, and ICMP errors about them. Absent fields match any value. */
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
 * Returns the flow of a packet.
 *
 * @param anyPort - matches any source port, because the sender's kernel will choose it. Default: false.
 */
function flowOf(packet: Packet, anyPort = false): Flow {
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
 * Returns the flows of a predicted packet in one place, before and after each translation. A namespace after a DNAT sees
 * another destination than the sender used.
 */
export function flowsAt(place: string, traversal: Traversal, anyPort = false): Flow[] {
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
  for (const outcome of traversal.outcomes) {
    see(outcome.steps);
    for (const caused of outcome.caused ?? []) see(caused.steps);
  }
  return [...found.values()];
}

const portProtocols: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "dccp", "udplite"]);

/** Flows that differ only in their addresses: at least one of `src` and `dst` has one value. */
interface FlowGroup extends Omit<Flow, "src" | "dst"> {
  readonly src: ReadonlySet<string>;
  readonly dst: ReadonlySet<string>;
}

/**
 * Joins flows from one source to several destinations, such as the endpoints of a service. One rule with a set selects
 * them all, so that the table stays small and the kernel evaluates few rules for each packet.
 */
function grouped(flows: readonly Flow[]): FlowGroup[] {
  const groups = new Map<string, FlowGroup & { readonly dst: Set<string> }>();
  for (const { src, dst, ...rest } of flows) {
    const key = JSON.stringify([src ?? "", dst === undefined, rest]);
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { ...rest, src: new Set(src && [src]), dst: new Set(dst && [dst]) });
    else if (dst !== undefined) group.dst.add(dst);
  }
  return [...groups.values()];
}

/** Returns the condition for one of these addresses; nothing if any address matches. */
function oneOf(field: string, addresses: ReadonlySet<string>): string[] {
  const [first, ...others] = addresses;
  if (first === undefined) return [];
  return [others.length === 0 ? `${field} ${first}` : `${field} { ${[...addresses].join(", ")} }`];
}

function expression({ family, src, dst, protocol, sport, dport }: FlowGroup, frames: boolean): string {
  const ip = family === "ipv6" ? "ip6" : "ip";
  const ported = protocol !== undefined && portProtocols.has(protocol);
  return [
    // In the netdev family, `meta nfproto` is not the address family.
    frames ? `meta protocol ${ip}` : `meta nfproto ${family}`,
    ...oneOf(`${ip} saddr`, src),
    ...oneOf(`${ip} daddr`, dst),
    ...(protocol === undefined ? [] : [`meta l4proto ${protocol}`]),
    ...(ported && sport !== undefined ? [`${protocol} sport ${sport}`] : []),
    ...(ported && dport !== undefined ? [`${protocol} dport ${dport}`] : []),
  ].join(" ");
}

function reversed({ src, dst, sport, dport, ...rest }: FlowGroup): FlowGroup {
  return { ...rest, src: dst, dst: src, ...withoutUndefined({ sport: dport, dport: sport }) };
}

// ICMP errors: destination unreachable, time exceeded, parameter problem. ICMPv6 errors: types 1 to 4.
function errors({ family, src }: FlowGroup): string[] {
  const ip = family === "ipv6" ? "ip6" : "ip";
  const types = family === "ipv6" ? "icmpv6 type 1-4" : "icmp type { 3, 11, 12 }";
  return oneOf(`${ip} daddr`, src).map((address) => `${address} ${types}`);
}

// After all other chains of the namespace. Only the confirmation of conntrack entries comes later (INT_MAX).
const LAST_PRIORITY = 2_147_483_646;

// Less than the maximum of a netdev chain, 256 (NFT_NETDEVICE_MAX).
const DEVICES_PER_CHAIN = 128;

/** What our tables report besides the hooks of IPv4 and IPv6. Depends on the kernel version. */
export interface Reported {
  /** Whether the `netdev` family reports frames that arrive on a link. */
  readonly ingress: boolean;
  /** Whether the `netdev` family reports frames that leave by a link. */
  readonly egress: boolean;
  /** Whether the socket of a packet is looked up at the end of INPUT. */
  readonly sockets: boolean;
}

/** Only the hooks of IPv4 and IPv6. Every kernel with nf_tables tracing supports it. */
export const REPORTED_LEAST: Reported = { ingress: false, egress: false, sockets: false };

// Most complete first. Egress requires Linux 5.16, sockets require nft_socket.
const REPORTED: readonly Reported[] = [
  { ingress: true, egress: true, sockets: true },
  { ingress: true, egress: false, sockets: true },
  { ingress: false, egress: false, sockets: true },
  REPORTED_LEAST,
];

/** A definition of our tables in nft syntax, and what they report. */
export interface OwnTables {
  readonly text: string;
  readonly reported: Reported;
}

/** Returns {@link ownTable} for different kernels. The first one that can be loaded should be used. */
export function ownTables(name: string, flows: readonly Flow[], links: readonly string[]): OwnTables[] {
  return REPORTED.filter(({ ingress }) => links.length > 0 || !ingress).map((reported) => ({
    text: ownTable(name, flows, links, reported),
    reported,
  }));
}

/**
 * Returns the tables that trace only these flows, in nft syntax. The first chains run after defragmentation (-400) and
 * before raw (-300). The last ones run after NAT (100) and filter, and report the header as it leaves.
 *
 * Separate tables instead of `-t raw … -j TRACE` do not change the namespace's own tables, can be removed with one command,
 * and do not activate conntrack, because their chains do not use it.
 *
 * @param links - names of the links whose frames are reported.
 */
function ownTable(
  name: string,
  flows: readonly Flow[],
  links: readonly string[],
  reported: Reported,
): string {
  const selectors = selectorsOf(flows, false);
  const ofFrames = selectorsOf(flows, true);
  const frames = [
    ...(reported.ingress ? frameChains("ingress", links, ofFrames) : []),
    ...(reported.egress ? frameChains("egress", links, ofFrames) : []),
  ];
  return [
    `table inet ${name} {`,
    "  chain pre {",
    "    type filter hook prerouting priority -350",
    ...selectors,
    "  }",
    "  chain out {",
    "    type filter hook output priority -350",
    `    ip daddr ${SENTINEL_ADDRESS} meta nftrace set 1 drop`,
    ...selectors,
    "  }",
    "  chain in {",
    `    type filter hook input priority ${LAST_PRIORITY}`,
    // Matches every packet that has a socket, also during a handshake, so that the trace reports this rule. If there
    // is no socket, the rule doesn't match (NFT_BREAK in nft_socket.c).
    ...(reported.sockets ? ["    socket transparent <= 1 continue"] : []),
    "  }",
    `  chain post { type filter hook postrouting priority ${LAST_PRIORITY}; }`,
    "}",
    ...(frames.length === 0 ? [] : [`table netdev ${name} {`, ...frames, "}"]),
    "",
  ].join("\n");
}

function selectorsOf(flows: readonly Flow[], frames: boolean): string[] {
  const selectors = grouped(flows).flatMap((group) => [
    expression(group, frames),
    expression(reversed(group), frames),
    ...errors(group),
  ]);
  return [...new Set(selectors)].map((selector) => `    ${selector} meta nftrace set 1`);
}

function frameChains(
  hook: "ingress" | "egress",
  links: readonly string[],
  selectors: readonly string[],
): string[] {
  const lines: string[] = [];
  for (let at = 0; at < links.length; at += DEVICES_PER_CHAIN) {
    const devices = links.slice(at, at + DEVICES_PER_CHAIN).map((link) => `"${link}"`);
    lines.push(
      `  chain ${hook}${at / DEVICES_PER_CHAIN} {`,
      `    type filter hook ${hook} devices = { ${devices.join(", ")} } priority -500`,
      ...selectors,
      "  }",
    );
  }
  return lines;
}
