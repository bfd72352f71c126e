import type { Family } from "../netfilter/model";

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
  /** Name of the bridge this link is a port of. */
  readonly master?: string;
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
}

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
  readonly inverted: boolean;
  readonly action:
    | { readonly kind: "lookup"; readonly table: string }
    | { readonly kind: "blackhole" | "unreachable" | "prohibit" };
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
