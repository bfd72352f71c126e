import { type Family, type Hook, type Host, TABLES_AT, type TableName } from "../../model";
import type { BaseChain, Semantics } from "../semantics";
import { type CompiledChain, type CompiledRuleset, compile } from "./compile";
import { type Tracking, trackingOf } from "./tracking";

/** A base chain of a rule set, ready for evaluation. */
export interface LoadedChain extends BaseChain {
  readonly ruleset: CompiledRuleset;
  readonly chain: CompiledChain;
}

/** One entry of a hook: a base chain, or a function of the kernel. */
export type HookEntry =
  | { readonly kind: "chain"; readonly priority: number; readonly base: LoadedChain }
  /** Looks up or creates the packet's connection. */
  | { readonly kind: "conntrack"; readonly priority: number }
  /** NAT consults these base chains, in their order, until one has decided (nf_nat_inet_fn). */
  | { readonly kind: "nat"; readonly priority: number; readonly chains: readonly LoadedChain[] }
  /** A table that iptables could not print. */
  | { readonly kind: "unprinted"; readonly priority: number; readonly table: TableName }
  /** Adds the connection to the table. */
  | { readonly kind: "confirm"; readonly priority: number };

/** The entries of each hook for the packets of one family, in the order in which they run. */
export interface HooksOf {
  readonly entries: Readonly<Record<Hook, readonly HookEntry[]>>;
  readonly tracking: Tracking;
  /** Whether the family has any rule set. */
  readonly hasRules: boolean;
}

/** Priorities of the kernel's own functions (include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities). */
const CONNTRACK = -200;
const CONFIRM = 0x7fffffff;

/**
 * The priority of the base chains of a table (iptable_*.c). The security chains of iptables-nft have 150 (iptables/nft.c), those of
 * iptables-legacy 50. In INPUT, they therefore run after nat instead of before it.
 */
function priorityOf(table: TableName, hook: Hook, variant: LoadedChain["variant"]): number {
  switch (table) {
    case "raw":
      return -300;
    case "mangle":
      return -150;
    case "nat":
      return hook === "PREROUTING" || hook === "OUTPUT" ? -100 : 100;
    case "filter":
      return 0;
    case "security":
      return variant === "nft" ? 150 : 50;
  }
}

/** iptable_mangle.c and the nft type `route` route a packet of OUTPUT again; nat chains are called by NAT. */
function typeOf(table: TableName, hook: Hook): BaseChain["type"] {
  if (table === "nat") return "nat";
  return table === "mangle" && hook === "OUTPUT" ? "route" : "filter";
}

function chainsAt(hook: Hook, rulesets: readonly CompiledRuleset[], semantics: Semantics): LoadedChain[] {
  const chains = rulesets.flatMap((ruleset) =>
    TABLES_AT[hook].flatMap((table): LoadedChain[] => {
      const chain = ruleset.chain(table, hook);
      const { variant } = ruleset.ruleset;
      if (chain === undefined) return [];
      const priority = priorityOf(table, hook, variant);
      return [{ hook, table, variant, type: typeOf(table, hook), priority, ruleset, chain }];
    }),
  );
  const order = new Map(chains.map((chain) => [chain, semantics.priority(chain)]));
  return chains.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
}

function entriesAt(hook: Hook, rulesets: readonly CompiledRuleset[], semantics: Semantics): HookEntry[] {
  const unprinted = new Set<string>(rulesets.flatMap(({ ruleset }) => ruleset.unprinted ?? []));
  const chains = chainsAt(hook, rulesets, semantics);
  const nat = chains.filter(({ type }) => type === "nat");
  const entries: HookEntry[] = TABLES_AT[hook]
    .filter((table) => unprinted.has(table))
    .map((table) => ({ kind: "unprinted", priority: priorityOf(table, hook, undefined), table }));
  if (hook === "PREROUTING" || hook === "OUTPUT") entries.push({ kind: "conntrack", priority: CONNTRACK });
  for (const base of chains)
    if (base.type !== "nat") entries.push({ kind: "chain", priority: semantics.priority(base), base });
  // The first nat chain of IPv4 or IPv6 registers NAT at all hooks but FORWARD (nf_nat_register_fn), so NAT may rewrite packets
  // at a hook that has no nat chain.
  if (hook !== "FORWARD" && rulesets.some(({ ruleset }) => ruleset.tables.has("nat"))) {
    const [first] = nat;
    const priority = first === undefined ? priorityOf("nat", hook, undefined) : semantics.priority(first);
    entries.push({ kind: "nat", priority, chains: nat });
  }
  if (hook === "INPUT" || hook === "POSTROUTING") entries.push({ kind: "confirm", priority: CONFIRM });
  return entries.sort((a, b) => a.priority - b.priority);
}

interface Cached {
  readonly semantics: Semantics;
  readonly hooks: HooksOf;
}

const cache = new WeakMap<Host, Partial<Record<Family, Cached>>>();

/** Returns the entries of all hooks of a host, from the rule sets of one family. */
export function hooksOf(host: Host, family: Family, semantics: Semantics): HooksOf {
  const known = cache.get(host)?.[family];
  if (known?.semantics === semantics) return known.hooks;
  const rulesets = host.rulesets.filter((ruleset) => ruleset.family === family).map(compile);
  const entries = (hook: Hook): HookEntry[] => entriesAt(hook, rulesets, semantics);
  const hooks: HooksOf = {
    entries: {
      PREROUTING: entries("PREROUTING"),
      INPUT: entries("INPUT"),
      FORWARD: entries("FORWARD"),
      OUTPUT: entries("OUTPUT"),
      POSTROUTING: entries("POSTROUTING"),
    },
    tracking: trackingOf(host, family),
    hasRules: rulesets.length > 0,
  };
  cache.set(host, { ...cache.get(host), [family]: { semantics, hooks } });
  return hooks;
}
