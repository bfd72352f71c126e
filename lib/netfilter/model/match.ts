import type { TcpFlag } from "./packet";

/** Inclusive range of numbers: ports, types, lengths, marks' bits. `from === to` for one value. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** An address and a mask as text; IPv4 masks may have holes (`10.0.0.1/255.0.0.255`). */
export interface Prefix {
  readonly address: string;
  readonly mask: string | number;
}

/** `(value & mask) == wanted`, as mark, connmark, tos and dscp compare. */
export interface Masked {
  readonly value: number;
  readonly mask: number;
}

export type ConnectionState = "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" | "SNAT" | "DNAT";

export type AddressType =
  | "UNSPEC"
  | "UNICAST"
  | "LOCAL"
  | "BROADCAST"
  | "ANYCAST"
  | "MULTICAST"
  | "BLACKHOLE"
  | "UNREACHABLE"
  | "PROHIBIT"
  | "THROW"
  | "NAT"
  | "XRESOLVE";

interface Negatable {
  /** `!` before the option. */
  readonly inverted: boolean;
}

interface OfConnection extends Negatable {
  /**
   * The same `-m conntrack` also asks for the state. A packet without a connection then passes this condition
   * (xt_conntrack.c looks no further once the state matched); else it fails it.
   */
  readonly withState?: true;
}

/**
 * One condition of a rule, in the kernel's terms and apart from any syntax: what iptables writes as
 * `-s`, `-i`, `-p` or `-m NAME --option`, and what nftables writes as an expression.
 *
 * A rule matches when all of its conditions match; they are asked in order and the first that fails ends the rule.
 * What the model cannot decide is kept as `opaque` and answered with "unknown", never guessed.
 */
export type Match =
  | (Negatable & { readonly kind: "source"; readonly prefix: Prefix })
  | (Negatable & { readonly kind: "destination"; readonly prefix: Prefix })
  /** A trailing `+` matches any name that begins so. */
  | (Negatable & { readonly kind: "inInterface"; readonly name: string })
  | (Negatable & { readonly kind: "outInterface"; readonly name: string })
  | (Negatable & { readonly kind: "protocol"; readonly protocol: string })
  | (Negatable & { readonly kind: "fragment" })
  /** tcp, udp, sctp, dccp, udplite and multiport: `ports` are alternatives; `either` is multiport's `--ports`. */
  | (Negatable & {
      readonly kind: "port";
      readonly side: "source" | "destination" | "either";
      readonly protocol?: string;
      readonly ports: readonly Range[];
    })
  | (Negatable & {
      readonly kind: "tcpFlags";
      readonly mask: readonly TcpFlag[];
      readonly set: readonly TcpFlag[];
    })
  | (Negatable & {
      readonly kind: "icmp";
      readonly family: "ipv4" | "ipv6";
      readonly type: number;
      readonly codes: Range;
    })
  | (Negatable & { readonly kind: "ctState"; readonly states: readonly ConnectionState[] })
  | (OfConnection & { readonly kind: "ctProtocol"; readonly protocol: string })
  | (OfConnection & {
      readonly kind: "ctAddress";
      readonly tuple: "original" | "reply";
      readonly side: "source" | "destination";
      readonly prefix: Prefix;
    })
  | (OfConnection & {
      readonly kind: "ctPort";
      readonly tuple: "original" | "reply";
      readonly side: "source" | "destination";
      readonly ports: Range;
    })
  | (OfConnection & { readonly kind: "ctDirection"; readonly direction: "ORIGINAL" | "REPLY" })
  | (OfConnection & { readonly kind: "ctStatus"; readonly status: readonly string[] })
  | (OfConnection & { readonly kind: "ctExpire"; readonly seconds: Range })
  | (Negatable & { readonly kind: "mark"; readonly mark: Masked })
  | (Negatable & { readonly kind: "connmark"; readonly mark: Masked })
  | (Negatable & {
      readonly kind: "addressType";
      readonly side: "source" | "destination";
      readonly types: readonly AddressType[];
      readonly limitTo?: "in" | "out";
    })
  | (Negatable & {
      readonly kind: "addressRange";
      readonly side: "source" | "destination";
      readonly from: string;
      readonly to: string;
    })
  | (Negatable & { readonly kind: "mac"; readonly address: string })
  | (Negatable & {
      readonly kind: "owner";
      readonly uid?: Range;
      readonly gid?: Range;
      readonly socketExists?: boolean;
      readonly supplementary?: boolean;
    })
  | (Negatable & { readonly kind: "pktType"; readonly type: "unicast" | "broadcast" | "multicast" })
  | (Negatable & { readonly kind: "ttl"; readonly ttl: Range })
  | (Negatable & { readonly kind: "length"; readonly bytes: Range })
  | (Negatable & { readonly kind: "tos"; readonly tos: Masked })
  /** Probability is `threshold` / 2^31, exactly as the kernel keeps it (net/netfilter/xt_statistic.c). */
  | (Negatable & { readonly kind: "statisticRandom"; readonly threshold: number })
  | (Negatable & { readonly kind: "statisticNth"; readonly every: number; readonly packet: number })
  /** Token bucket: `perSecond` as an exact fraction of packets over seconds. */
  | (Negatable & {
      readonly kind: "limit";
      readonly packets: number;
      readonly seconds: number;
      readonly burst: number;
    })
  | (Negatable & {
      readonly kind: "hashlimit";
      readonly name: string;
      readonly above: boolean;
      readonly packets: number;
      readonly seconds: number;
      readonly burst: number;
      readonly key: readonly ("srcip" | "srcport" | "dstip" | "dstport")[];
      readonly srcMask: number;
      readonly dstMask: number;
      readonly bytes: boolean;
      readonly expireMs?: number;
    })
  | (Negatable & {
      readonly kind: "connlimit";
      readonly above: number;
      readonly mask: string | number;
      readonly side: "source" | "destination";
    })
  | (Negatable & {
      readonly kind: "recent";
      readonly action: "set" | "rcheck" | "update" | "remove";
      readonly name: string;
      readonly seconds?: number;
      readonly hitcount?: number;
      readonly reap: boolean;
      readonly ttl: boolean;
      readonly side: "source" | "destination";
      readonly mask: string;
    })
  | (Negatable & {
      readonly kind: "set";
      readonly set: string;
      readonly directions: readonly ("src" | "dst")[];
    })
  | (Negatable & {
      readonly kind: "rpfilter";
      readonly loose: boolean;
      readonly validMark: boolean;
      readonly acceptLocal: boolean;
    })
  | (Negatable & {
      readonly kind: "physdev";
      readonly in?: string;
      readonly out?: string;
      readonly isIn: boolean;
      readonly isOut: boolean;
      readonly isBridged: boolean;
    })
  /** A comment: it always matches. */
  | { readonly kind: "comment"; readonly text: string }
  /** Understood as syntax, not decidable from a snapshot (string, bpf, time, policy …), or not understood at all. */
  | { readonly kind: "opaque"; readonly extension: string; readonly text: string };
