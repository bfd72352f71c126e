import type { Packet, TableName } from "../../lib/netfilter/model";

/** The two routers of the rig. The rules are loaded into them. */
export const routers = ["r1", "r2"] as const;
export type RouterName = (typeof routers)[number];

/** One rule: `text` is what follows `-A CHAIN`. */
export interface CaseRule {
  readonly table: TableName;
  readonly chain: string;
  readonly text: string;
}

/** The configuration of one router in a case. */
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
  /** Base chains whose policy is DROP. */
  readonly drops: readonly (readonly [table: TableName, chain: string])[];
  readonly rules: readonly CaseRule[];
}

/** The packets of a case, sent one after the other. */
export type CaseStep =
  /** A packet that arrives at a device (`in`), or that a local process sends. */
  | { readonly kind: "send"; readonly at: RouterName; readonly in?: string; readonly packet: Packet }
  /** The reply to an earlier step's packet, sent from wherever that packet ended. */
  | { readonly kind: "answer"; readonly to: number; readonly how: "accepts" | "refuses" }
  /** Repeats an earlier step's packet, for TCP with these flags. */
  | { readonly kind: "again"; readonly of: number; readonly flags?: Packet["tcpFlags"] };

/** A complete case. It contains everything that is needed to run it again. */
export interface FuzzCase {
  readonly family: "ipv4" | "ipv6";
  /** Which of the kernel's two implementations holds the rules. The legacy one only reports counters. */
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

function isBuiltIn(table: TableName, chain: string): boolean {
  return builtIn[table].includes(chain);
}

/** Prints the rules as input for iptables-restore. Declares every user chain that a rule names. */
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
