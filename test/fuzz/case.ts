import type { Packet, TableName } from "../../lib/netfilter/model";

/** The two routers of the rig, which hold rules. */
export const routers = ["r1", "r2"] as const;
export type RouterName = (typeof routers)[number];

/** One rule: `text` is what follows `-A CHAIN`. */
export interface CaseRule {
  readonly table: TableName;
  readonly chain: string;
  readonly text: string;
}

/** What one router is in a case. */
export interface RouterCase {
  /** `dev ADDRESS/PREFIX` of each address, in order: the first of a subnet is the primary one. */
  readonly addresses: readonly (readonly [device: string, cidr: string])[];
  /** What follows `ip route add`. */
  readonly routes: readonly string[];
  /** What follows `ip rule add`. */
  readonly policyRules: readonly string[];
  /** Path under /proc/sys/net and value, written in this order. */
  readonly sysctls: readonly (readonly [path: string, value: string])[];
  readonly tables: readonly TableName[];
  /** Policies that are not ACCEPT. */
  readonly drops: readonly (readonly [table: TableName, chain: string])[];
  readonly rules: readonly CaseRule[];
}

/** What is done to the routers, one after the other. */
export type CaseStep =
  /** A packet from the wire behind a device, or from a process. */
  | { readonly kind: "send"; readonly at: RouterName; readonly in?: string; readonly packet: Packet }
  /** The answer to an earlier step's packet, from wherever that one ended. */
  | { readonly kind: "answer"; readonly to: number; readonly how: "accepts" | "refuses" }
  /** An earlier step's packet again; TCP with these flags. */
  | { readonly kind: "again"; readonly of: number; readonly flags?: Packet["tcpFlags"] };

/** A whole case: it can be run again from this alone. */
export interface FuzzCase {
  readonly family: "ipv4" | "ipv6";
  /** Which of the kernel's two implementations holds the rules. The legacy one reports by its counters alone. */
  readonly variant: "nft" | "legacy";
  readonly routers: Readonly<Record<RouterName, RouterCase>>;
  readonly steps: readonly CaseStep[];
}

export const builtIn: Readonly<Record<TableName, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

export function isBuiltIn(table: TableName, chain: string): boolean {
  return builtIn[table].includes(chain);
}

/** The rules as iptables-restore reads them. User chains are those that a rule names. */
export function dumpOf({ tables, rules, drops }: RouterCase): string {
  const lines: string[] = [];
  for (const table of tables) {
    const own = rules.filter((rule) => rule.table === table);
    const chains = new Set(own.map(({ chain }) => chain));
    for (const { text } of own) {
      const target = /(?:^| )-[jg] (U\w+)/.exec(text)?.[1];
      if (target !== undefined) chains.add(target);
    }
    lines.push(`*${table}`);
    for (const chain of builtIn[table]) {
      lines.push(`:${chain} ${drops.some(([t, c]) => t === table && c === chain) ? "DROP" : "ACCEPT"} [0:0]`);
    }
    for (const chain of [...chains].filter((name) => !isBuiltIn(table, name)).sort())
      lines.push(`:${chain} - [0:0]`);
    for (const { chain, text } of own) lines.push(`-A ${chain} ${text}`);
    lines.push("COMMIT");
  }
  return `${lines.join("\n")}\n`;
}
