import type { Packet, Step, Traversal } from "../model";

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

function expression({ family, src, dst, protocol, sport, dport }: Flow, frames: boolean): string {
  const ip = family === "ipv6" ? "ip6" : "ip";
  const ported = protocol !== undefined && portProtocols.has(protocol);
  return [
    // Where frames are seen (netdev) the hook's own family is no address family.
    frames ? `meta protocol ${ip}` : `meta nfproto ${family}`,
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

// Behind every chain of the namespace's own, conntrack's last word (INT_MAX) excepted.
const LAST_PRIORITY = 2_147_483_646;

// More devices than one netdev chain takes (NFT_NETDEVICE_MAX).
const DEVICES_PER_CHAIN = 128;

/** What tables of ours report beside the hooks of IPv4 and IPv6. Older kernels lack some of it. */
export interface Reported {
  /** Whether the `netdev` family reports what comes in by a link, and what leaves by it. */
  readonly ingress: boolean;
  readonly egress: boolean;
  /** Whether a packet at the end of INPUT is looked up among the sockets. */
  readonly sockets: boolean;
}

/** Reports nothing but IPv4 and IPv6: every kernel that traces can do it. */
export const REPORTED_LEAST: Reported = { ingress: false, egress: false, sockets: false };

// Best first. Egress needs Linux 5.16, sockets need nft_socket.
const REPORTED: readonly Reported[] = [
  { ingress: true, egress: true, sockets: true },
  { ingress: true, egress: false, sockets: true },
  { ingress: false, egress: false, sockets: true },
  REPORTED_LEAST,
];

/** Our tables in one namespace, and what they report. */
export interface OwnTables {
  readonly text: string;
  readonly reported: Reported;
}

/** {@link ownTable} for every kernel, best first: the first that loads is to be used. */
export function ownTables(name: string, flows: readonly Flow[], links: readonly string[]): OwnTables[] {
  return REPORTED.filter(({ ingress }) => links.length > 0 || !ingress).map((reported) => ({
    text: ownTable(name, flows, links, reported),
    reported,
  }));
}

/**
 * The tables that trace exactly these flows, in nft's language. The first chains run before raw (-300) and after
 * defragmentation (-400); the last ones after every translation (100) and filter, and report the header as it leaves.
 *
 * Tables of our own instead of `-t raw … -j TRACE`: the namespace's own tables are not touched, removal is one command,
 * and our base chains use no conntrack, so that they do not switch it on.
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
    // True for every socket, also for one that is being opened: nft_socket stops the rule where there is none.
    ...(reported.sockets ? ["    socket transparent <= 1 continue"] : []),
    "  }",
    `  chain post { type filter hook postrouting priority ${LAST_PRIORITY}; }`,
    "}",
    ...(frames.length === 0 ? [] : [`table netdev ${name} {`, ...frames, "}"]),
    "",
  ].join("\n");
}

function selectorsOf(flows: readonly Flow[], frames: boolean): string[] {
  const selectors = flows.flatMap((flow) => {
    const about = errors(flow);
    return [
      expression(flow, frames),
      expression(reversed(flow), frames),
      ...(about === undefined ? [] : [about]),
    ];
  });
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
