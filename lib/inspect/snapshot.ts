import type { Family } from "./family";

/**
 * One address of a link, as `ip -j addr` prints it in `addr_info`.
 *
 * @example
 * import type { InterfaceAddress } from "wirebook";
 * const address: InterfaceAddress = {
 *   family: "ipv4", address: "10.1.0.2", prefixLength: 24, scope: "global", secondary: false,
 * };
 */
export interface InterfaceAddress {
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast?: string;
  /** Address of the other end of a point-to-point link. */
  readonly peer?: string;
  /** `global`, `link`, `host` … */
  readonly scope: string;
  readonly secondary: boolean;
}

/**
 * A network interface, as `ip -d -s -j link` and `ip -j addr` print it.
 *
 * @example
 * import type { Link } from "wirebook";
 * const link: Link = {
 *   ifindex: 2, name: "eth0", kind: "veth", mtu: 1500, up: true, operState: "UP", peer: { ifindex: 7, netnsId: 0 },
 *   addresses: [{ family: "ipv4", address: "10.1.0.2", prefixLength: 24, scope: "global", secondary: false }],
 * };
 */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** `loopback`, `veth`, `bridge`, `tap`, `tun`, `vxlan` …; `ether` if the kernel reports no kind. */
  readonly kind: string;
  readonly mac?: string;
  readonly mtu: number;
  readonly up: boolean;
  /** `UP`, `DOWN`, `LOWERLAYERDOWN`, `UNKNOWN`. */
  readonly operState: string;
  /** Name of the bridge, bond or VRF this link belongs to. */
  readonly master?: string;
  /** What the master is: `bridge`, `bond`, `vrf` … Default: `bridge`. */
  readonly masterKind?: string;
  /** Bridge port: the bridge does not forward frames between isolated ports. */
  readonly isolated?: boolean;
  /** Group of the link, if it is not the default group. Shell: `ip link set dev NAME group 5`. */
  readonly group?: string;
  /** Bridge: forwarded frames pass the IPv4 or IPv6 rules, regardless of the sysctl. */
  readonly callsRules?: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Properties of the link that affect packets but are not part of the model: `xdp …`, `no carrier`. */
  readonly unknown?: readonly string[];
  /** Bridge port: the bridge may send frames back by the port they came from. Shell: `bridge link set dev NAME hairpin on`. */
  readonly hairpin?: boolean;
  /** veth: ifindex of the peer, and the id of its namespace in this namespace (absent: the same namespace). */
  readonly peer?: {
    readonly ifindex: number;
    readonly netnsId?: number;
    /** Inode of that namespace, if known: compare with {@link Snapshot.netns}. */
    readonly netns?: number;
  };
  readonly addresses: readonly InterfaceAddress[];
  readonly counters?: {
    readonly rxPackets: number;
    readonly rxBytes: number;
    readonly txPackets: number;
    readonly txBytes: number;
  };
}

/**
 * One entry of a routing table, as `ip -j route show table all` prints it.
 *
 * @example
 * import type { Route } from "wirebook";
 * const isDefault = ({ destination }: Route): boolean => destination === "0.0.0.0/0" || destination === "::/0";
 */
export interface Route {
  readonly family: Family;
  /** A CIDR: `0.0.0.0/0` or `::/0` for `default`, and `/32` or `/128` for a single address. */
  readonly destination: string;
  readonly type:
    | "unicast"
    | "local"
    | "broadcast"
    | "multicast"
    | "anycast"
    | "blackhole"
    | "unreachable"
    | "prohibit"
    | "throw";
  /** `main`, `local`, `default` or a number. */
  readonly table: string;
  readonly via?: string;
  readonly dev?: string;
  readonly source?: string;
  readonly metric?: number;
  readonly scope?: string;
  readonly protocol?: string;
  /** IPv4: the route is only for packets with this TOS. */
  readonly tos?: number;
  /** IPv6: the route is only for packets from this prefix. */
  readonly from?: string;
  /** Set for each next hop of a multipath route: its relative weight. */
  readonly weight?: number;
  /** MTU metric of the route. */
  readonly mtu?: number;
  /** The kernel ignores the route. */
  readonly dead?: boolean;
  /** Its device has no carrier. */
  readonly linkDown?: boolean;
  /** Conditions that are not part of the model: whether the route applies to a packet is unknown. */
  readonly onlyFor?: readonly string[];
  /** Properties that affect packets but are not part of the model: `encap ip id 5`. */
  readonly unknown?: readonly string[];
}

/**
 * A port condition of a policy rule: a range, or a value with a mask.
 *
 * @example
 * import type { PortMatch } from "wirebook";
 * const ephemeral: PortMatch = { kind: "range", from: 32768, to: 60999 };
 */
export type PortMatch =
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "mask"; readonly value: number; readonly mask: number };

/**
 * One policy rule, as `ip -j rule` prints it.
 *
 * @example
 * import type { PolicyRule } from "wirebook";
 * // ip rule add fwmark 0x1 lookup 100
 * const rule: PolicyRule = {
 *   family: "ipv4", priority: 32765, mark: { value: 1, mask: 0xffff_ffff }, inverted: false,
 *   action: { kind: "lookup", table: "100" },
 * };
 */
export interface PolicyRule {
  readonly family: Family;
  readonly priority: number;
  /** Absent for `all`. */
  readonly from?: string;
  readonly to?: string;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly tos?: number;
  /** `ipproto`: name or number. */
  readonly protocol?: string;
  readonly sourcePort?: PortMatch;
  readonly destinationPort?: PortMatch;
  readonly uid?: { readonly from: number; readonly to: number };
  readonly tunnelId?: string;
  /** Matches packets of a VRF, and looks up its table. */
  readonly l3mdev?: boolean;
  /** `suppress_prefixlength`: ignores routes with a prefix of at most this length. */
  readonly suppressLength?: number;
  /** `suppress_ifgroup`: ignores routes over devices of this group. */
  readonly suppressGroup?: string;
  readonly inverted: boolean;
  readonly action:
    | { readonly kind: "lookup"; readonly table: string }
    | { readonly kind: "goto"; readonly priority: number }
    | { readonly kind: "nop" | "blackhole" | "unreachable" | "prohibit" };
  /** Fields that are not part of the model, as printed by ip: `dscp AF11`. Whether the rule matches is unknown. */
  readonly unknown?: readonly string[];
}

/**
 * One entry of the neighbour table (ARP or neighbour discovery).
 *
 * @example
 * import type { Neighbour } from "wirebook";
 * const failed = ({ states }: Neighbour): boolean => states.includes("FAILED");
 */
export interface Neighbour {
  readonly address: string;
  readonly dev: string;
  readonly mac?: string;
  readonly states: readonly string[];
}

/**
 * One entry of a bridge's forwarding table, as `bridge -j fdb` prints it.
 *
 * @example
 * import type { ForwardingEntry } from "wirebook";
 * const portOf = (entries: readonly ForwardingEntry[], mac: string): string | undefined =>
 *   entries.find((entry) => entry.mac === mac)?.dev;
 */
export interface ForwardingEntry {
  readonly mac: string;
  readonly dev: string;
  readonly master?: string;
  readonly vlan?: number;
  readonly permanent: boolean;
}

/**
 * One direction of a connection.
 *
 * @example
 * import type { Tuple } from "wirebook";
 * const original: Tuple = { src: "10.1.0.2", dst: "10.96.0.10", sport: 40000, dport: 80 };
 */
export interface Tuple {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
}

/**
 * One conntrack entry, as `conntrack -L` prints it.
 *
 * @example
 * import type { ConntrackEntry } from "wirebook";
 * // True if a DNAT rule changed the destination of the connection.
 * const isTranslated = ({ original, reply }: ConntrackEntry): boolean => reply.src !== original.dst;
 */
export interface ConntrackEntry {
  readonly family: Family;
  readonly protocol: string;
  readonly state?: string;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly assured: boolean;
  readonly unreplied: boolean;
  readonly mark: number;
  readonly zone: number;
  readonly timeoutSeconds?: number;
}

/**
 * One socket, as `ss -H -n -a` prints it.
 *
 * @example
 * import type { Socket } from "wirebook";
 * const listensOn = (sockets: readonly Socket[], port: number): boolean =>
 *   sockets.some(({ state, localPort }) => state === "LISTEN" && localPort === port);
 */
export interface Socket {
  readonly protocol: "tcp" | "udp";
  readonly state: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress?: string;
  readonly peerPort?: number;
  readonly process?: string;
}

/**
 * The state of one network namespace at one moment. Pure data: it can be stored, sent and compared.
 *
 * A part that was not requested, or is not available (no iptables in the namespace), is absent. An empty list means that
 * there are no such objects.
 *
 * @example
 * import { hostOf, type Snapshot, traverse } from "wirebook";
 *
 * const snapshot: Snapshot = { place: "client", links: [], routes: [] };
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * console.log(traverse(hostOf(snapshot), packet, { from: { in: "eth0" } }).outcomes.length);
 */
export interface Snapshot {
  /** Its name in the lab: `host1`, `client`; `host` for the engine's host. */
  readonly place: string;
  /** Inode of the namespace (`readlink /proc/self/ns/net`): equal for two places that share one. */
  readonly netns?: number;
  /** Its machine, if the lab has several. Inodes and ifindexes of different machines cannot be compared. */
  readonly machine?: string;
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly policyRules?: readonly PolicyRule[];
  readonly neighbours?: readonly Neighbour[];
  readonly forwarding?: readonly ForwardingEntry[];
  /** Values by dotted name: `net.ipv4.ip_forward` → `1`. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Output of `iptables-save -c`, for each variant with rules; parsed on demand by `lib/netfilter`. */
  readonly iptables?: readonly RulesetDump[];
  /** Tables of nf_tables that iptables did not write, as `nft list tables` prints them: `table inet firewalld`. Not read. */
  readonly nftables?: readonly string[];
  readonly conntrack?: readonly ConntrackEntry[];
  readonly sockets?: readonly Socket[];
  /** Members of each ipset by its name, if `ipset` is available. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What `iptables-save` or one of its variants printed for one network namespace.
 *
 * @example
 * import { parseRuleset, type RulesetDump } from "wirebook";
 *
 * const dump: RulesetDump = { family: "ipv4", variant: "nft", text: "*filter\n:INPUT DROP [0:0]\nCOMMIT\n" };
 * console.log(parseRuleset(dump.text, { family: dump.family }).tables.size);
 */
export interface RulesetDump {
  readonly family: Family;
  readonly variant: "legacy" | "nft";
  readonly text: string;
}
