import type { Family } from "./family";

/** One address of a link, as `ip -j addr` prints it in `addr_info`. */
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

/** A network interface, as `ip -d -s -j link` and `ip -j addr` print it. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** `loopback`, `veth`, `bridge`, `tap`, `tun`, `vxlan` …; `ether` where the kernel names no kind. */
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
  /** Port of a bridge: the bridge hands no frame from one isolated port to another. */
  readonly isolated?: boolean;
  /** Group of the link, where it is not the default one. Shell: `ip link set dev NAME group 5`. */
  readonly group?: string;
  /** Bridge: frames it only hands on are shown to the IPv4 or IPv6 rules, whatever the sysctl says. */
  readonly callsRules?: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** What the model does not know about packets that this link carries: `xdp …`, `no carrier`. */
  readonly unknown?: readonly string[];
  /** Port of a bridge: frames may go back by it, where they came from. Shell: `bridge link set dev NAME hairpin on`. */
  readonly hairpin?: boolean;
  /** veth: ifindex of the other end, and the id of its namespace as this one sees it (absent: the same namespace). */
  readonly peer?: {
    readonly ifindex: number;
    readonly netnsId?: number;
    /** Inode of that namespace, where the one who asked knows it: compare with {@link Snapshot.netns}. */
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

/** One entry of a routing table, as `ip -j route show table all` prints it. */
export interface Route {
  readonly family: Family;
  /** `default` is written `0.0.0.0/0` or `::/0`; a single address keeps its `/32` or `/128`. */
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
  /** Set for each next hop of a multipath route: how often the kernel takes it, next to the others. */
  readonly weight?: number;
  /** MTU metric of the route. */
  readonly mtu?: number;
  /** The kernel passes it over. */
  readonly dead?: boolean;
  /** Its device has no carrier. */
  readonly linkDown?: boolean;
  /** Conditions that the model does not know: whether the route is for a packet is not known then. */
  readonly onlyFor?: readonly string[];
  /** What the model does not know about a packet that takes the route: `encap ip id 5`. */
  readonly unknown?: readonly string[];
}

/** What a policy rule asks of a port: a range, or a value under a mask. */
export type PortMatch =
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "mask"; readonly value: number; readonly mask: number };

/** One policy rule, as `ip -j rule` prints it. */
export interface PolicyRule {
  readonly family: Family;
  readonly priority: number;
  /** `all` is written as the absence of the field. */
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
  /** Matches what belongs to a VRF, and looks in its table. */
  readonly l3mdev?: boolean;
  /** `suppress_prefixlength`: a route with a prefix of this length or shorter is passed over. */
  readonly suppressLength?: number;
  /** `suppress_ifgroup`: so is one by a device of this group. */
  readonly suppressGroup?: string;
  readonly inverted: boolean;
  readonly action:
    | { readonly kind: "lookup"; readonly table: string }
    | { readonly kind: "goto"; readonly priority: number }
    | { readonly kind: "nop" | "blackhole" | "unreachable" | "prohibit" };
  /** Fields that the model does not know, as ip printed them: `dscp AF11`. Whether the rule matches is not known then. */
  readonly unknown?: readonly string[];
}

/** One entry of the ARP or neighbour-discovery table. */
export interface Neighbour {
  readonly address: string;
  readonly dev: string;
  readonly mac?: string;
  readonly states: readonly string[];
}

/** One entry of a bridge's forwarding table, as `bridge -j fdb` prints it. */
export interface ForwardingEntry {
  readonly mac: string;
  readonly dev: string;
  readonly master?: string;
  readonly vlan?: number;
  readonly permanent: boolean;
}

/** One direction of a connection. */
export interface Tuple {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
}

/** One connection that the kernel tracks, as `conntrack -L` prints it. */
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

/** One socket, as `ss -H -n -a` prints it. */
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
 * What one network namespace looks like at one moment. Pure data: it can be stored, sent and compared.
 *
 * A part that was not asked for, or that the namespace cannot tell (no iptables inside), is absent;
 * an empty list means that there is none.
 */
export interface Snapshot {
  /** The name the lab gives it: `host1`, `client`; `host` for the engine's own machine. */
  readonly place: string;
  /** Inode of the namespace (`readlink /proc/self/ns/net`): equal for two places that share one. */
  readonly netns?: number;
  /** The machine that it is on, where a lab has several: inodes and ifindexes of two machines say nothing of each other. */
  readonly machine?: string;
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly policyRules?: readonly PolicyRule[];
  readonly neighbours?: readonly Neighbour[];
  readonly forwarding?: readonly ForwardingEntry[];
  /** By dotted name: `net.ipv4.ip_forward` → `1`. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Text of `iptables-save -c`, one for each implementation that holds rules; parsed on demand by `lib/netfilter`. */
  readonly iptables?: readonly RulesetDump[];
  readonly conntrack?: readonly ConntrackEntry[];
  readonly sockets?: readonly Socket[];
  /** Members of each ipset by its name, where `ipset` could be asked. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}

export interface RulesetDump {
  readonly family: Family;
  readonly variant: "legacy" | "nft";
  readonly text: string;
}
