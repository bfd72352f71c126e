import type { Hook, TableName } from "../model";

/**
 * A chain that a hook calls. Base chains of all tables and of both variants of iptables are in one list for each hook,
 * sorted by priority.
 *
 * @example
 * import { type BaseChain, LINUX } from "wirebook";
 *
 * const filter: BaseChain = { hook: "FORWARD", table: "filter", variant: "nft", type: "filter", priority: 0 };
 * console.log(LINUX.priority(filter));
 */
export interface BaseChain {
  readonly hook: Hook;
  readonly table: TableName;
  readonly variant: "legacy" | "nft" | undefined;
  /**
   * `nat`: consulted by NAT, only for the first packet of a connection. `route`: the packet is routed again if the chain
   * changed a field that routing depends on. `filter`: all others.
   */
  readonly type: "filter" | "nat" | "route";
  /** The position among the base chains of the hook; the lowest number runs first (netfilter_ipv4.h). */
  readonly priority: number;
}

/** A point at which a packet passes hooks. */
export type HookPoint = keyof Semantics["hooks"];

/**
 * The decisions that define what Linux does with a packet, for traversals that differ in one of them. With it, a course
 * can show what somebody with a wrong belief about netfilter would predict. {@link LINUX} is the kernel's behaviour.
 *
 * @example
 * import { LINUX, parseRuleset, type Semantics, traverse } from "wirebook";
 *
 * const host = {
 *   place: "host1",
 *   rulesets: [parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n")],
 * };
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const lastWins: Semantics = { ...LINUX, decidingRule: "last" };
 * const { outcomes } = traverse(host, packet, { from: { in: "eth0" }, semantics: lastWins });
 * console.log(outcomes.map(({ verdict }) => verdict));
 */
export interface Semantics {
  /**
   * The hooks that a packet passes at each point of its path. Linux: `received` PREROUTING, `delivered` INPUT, `forwarded`
   * FORWARD, `sent` OUTPUT, `leaving` POSTROUTING. At a point where Linux does not call a hook, it runs only the hook's
   * filter chains: no NAT and no conntrack.
   */
  readonly hooks: {
    readonly received: readonly Hook[];
    readonly delivered: readonly Hook[];
    readonly forwarded: readonly Hook[];
    readonly sent: readonly Hook[];
    readonly leaving: readonly Hook[];
  };
  /** Returns the priority of a base chain, which orders the chains of its hook. Linux: the chain's own priority. */
  readonly priority: (chain: BaseChain) => number;
  /**
   * Which of several matching rules with a verdict decides. Linux: `first`. With `last`, all rules of a base chain are
   * evaluated, and the verdict of the last one that matched applies at its end.
   */
  readonly decidingRule: "first" | "last";
  /**
   * What RETURN does. Linux: `caller`, the next rule of the calling chain, or the policy in a base chain. `accept`: the
   * packet is accepted, as by ACCEPT.
   */
  readonly returnMeans: "caller" | "accept";
  /**
   * Which packets consult the nat chains. Linux: `newConnections`, the first packet of each connection; later ones are
   * rewritten from the conntrack entry. `everyPacket`: each one is evaluated as if it were the first.
   */
  readonly natConsultedBy: "newConnections" | "everyPacket";
  /**
   * Where the destination that DNAT chose appears in the header. Linux: `PREROUTING`, so that all later chains see it.
   * `POSTROUTING`: routing uses it, but the chains of INPUT and FORWARD still see the original destination.
   */
  readonly destinationChangesIn: "PREROUTING" | "POSTROUTING";
  /** Whether replies get back the addresses that NAT replaced in the first packet. Linux: true. */
  readonly repliesTranslatedBack: boolean;
  /**
   * Which packets a policy applies to. Linux: `baseChain`, those that reach the end of the base chain. `everyChain`: also
   * those that reach the end of a user-defined chain.
   */
  readonly policyAppliesAtEndOf: "baseChain" | "everyChain";
}

/**
 * The behaviour of Linux (net/ipv4/netfilter/ip_tables.c, net/netfilter/nf_nat_core.c,
 * include/uapi/linux/netfilter_ipv4.h).
 *
 * @example
 * import { LINUX } from "wirebook";
 *
 * console.log(LINUX.hooks.forwarded, LINUX.decidingRule); // [ "FORWARD" ] first
 */
export const LINUX: Semantics = {
  hooks: {
    received: ["PREROUTING"],
    delivered: ["INPUT"],
    forwarded: ["FORWARD"],
    sent: ["OUTPUT"],
    leaving: ["POSTROUTING"],
  },
  priority: ({ priority }) => priority,
  decidingRule: "first",
  returnMeans: "caller",
  natConsultedBy: "newConnections",
  destinationChangesIn: "PREROUTING",
  repliesTranslatedBack: true,
  policyAppliesAtEndOf: "baseChain",
};
