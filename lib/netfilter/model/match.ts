import type { TcpFlag } from "./packet";

/** An inclusive range of numbers, for example of ports or lengths. `from === to` for a single value. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * An address and a mask: a prefix length, or a mask in address notation. The mask may be non-contiguous
 * (`10.0.0.1/255.0.0.255`).
 */
export interface Prefix {
  readonly address: string;
  readonly mask: string | number;
}

/** Matches when `(field & mask) == value`. Used by mark, connmark, tos and dscp. */
export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** A state of `-m conntrack --ctstate`. `SNAT` and `DNAT` are virtual states: the entry's reply tuple was changed by NAT. */
export type ConnectionState = "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" | "SNAT" | "DNAT";

/** An address type of `-m addrtype` (net/netfilter/xt_addrtype.c). */
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
  /** True if the option is preceded by `!`. */
  readonly inverted: boolean;
}

interface OfConnection extends Negatable {
  /**
   * Set if the same `-m conntrack` also has `--ctstate`. A packet without a connection then passes this condition,
   * because xt_conntrack.c returns after the state check. Without `--ctstate` it fails the condition.
   */
  readonly withState?: true;
}

/**
 * One condition of a rule, independent of syntax: what iptables writes as `-s`, `-i`, `-p` or `-m NAME --option`, and
 * nftables as an expression.
 *
 * The kernel evaluates the conditions of a rule in order and stops at the first one that does not match. A condition
 * that the model cannot evaluate is kept as `opaque`; its result is unknown, and traversal follows both results.
 */
export type Match =
  | (Negatable & { readonly kind: "source"; readonly prefix: Prefix })
  | (Negatable & { readonly kind: "destination"; readonly prefix: Prefix })
  /** With a trailing `+`, matches every name that starts with the text before it. */
  | (Negatable & { readonly kind: "inInterface"; readonly name: string })
  | (Negatable & { readonly kind: "outInterface"; readonly name: string })
  | (Negatable & { readonly kind: "protocol"; readonly protocol: string })
  | (Negatable & { readonly kind: "fragment" })
  /** tcp, udp, sctp, dccp, udplite and multiport. Matches if one of `ports` does. `either` is multiport's `--ports`. */
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
  /** Matches with a probability of `threshold` / 2^31, which is how the kernel stores it (net/netfilter/xt_statistic.c). */
  | (Negatable & { readonly kind: "statisticRandom"; readonly threshold: number })
  | (Negatable & { readonly kind: "statisticNth"; readonly every: number; readonly packet: number })
  /** A token bucket that refills with `packets` per `seconds` and holds up to `burst` packets (net/netfilter/xt_limit.c). */
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
  /** A comment. Always matches. */
  | { readonly kind: "comment"; readonly text: string }
  /** A match that cannot be evaluated from a snapshot (string, bpf, time, policy …), or that the parser does not know. */
  | { readonly kind: "opaque"; readonly extension: string; readonly text: string };
