import type { InterfaceAddress, Link, Route } from "../../lib/inspect/snapshot";
import { parseRuleset } from "../../lib/netfilter/iptables";
import type { Host, Packet, Step } from "../../lib/netfilter/model";
import { type Entry, type HostOutcome, type TraverseOptions, traverse } from "../../lib/netfilter/traverse";

export const address = (text: string, secondary = false): InterfaceAddress => {
  const [local = "", length] = text.split("/");
  return {
    family: local.includes(":") ? "ipv6" : "ipv4",
    address: local,
    prefixLength: Number(length),
    scope: local.startsWith("127.") ? "host" : "global",
    secondary,
  };
};
export const link = (ifindex: number, name: string, ...addresses: string[]): Link => ({
  ifindex,
  name,
  kind: "veth",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: addresses.map((text, at) => address(text, at > 0)),
});
export const route = (destination: string, dev: string, more: Partial<Route> = {}): Route => ({
  family: "ipv4",
  destination,
  type: "unicast",
  table: "main",
  dev,
  ...more,
});

/**
 * Builds a router with two networks and a default route. Each string is one rule, `[TABLE: ]-A CHAIN …`; the default
 * table is filter.
 */
export function host(rules: readonly string[], more: Partial<Host> = {}): Host {
  const tables = new Map<string, string[]>();
  for (const rule of rules) {
    const [, table = "filter", text = rule] = /^(\w+): (.*)$/.exec(rule) ?? [];
    tables.set(table, [...(tables.get(table) ?? []), text]);
  }
  const hooks: Readonly<Record<string, string>> = {
    raw: "PREROUTING OUTPUT",
    mangle: "PREROUTING INPUT FORWARD OUTPUT POSTROUTING",
    nat: "PREROUTING INPUT OUTPUT POSTROUTING",
    filter: "INPUT FORWARD OUTPUT",
  };
  const dump = [...tables].map(([table, lines]) => {
    const base = (hooks[table] ?? "").split(" ");
    const own = new Set(
      lines
        .flatMap((text) => [/-A (\S+)/.exec(text)?.[1] ?? "", /-[jg] ([A-Z]\d)$/.exec(text)?.[1] ?? ""])
        .filter((name) => name !== "" && !base.includes(name)),
    );
    return [
      `*${table}`,
      ...base.map((name) => `:${name} ACCEPT [0:0]`),
      ...[...own].map((name) => `:${name} - [0:0]`),
      ...lines,
      "COMMIT",
    ].join("\n");
  });
  return {
    place: "router",
    rulesets: [parseRuleset(`${dump.join("\n")}\n`, { family: "ipv4" })],
    links: [
      link(1, "lo", "127.0.0.1/8"),
      link(2, "d0", "10.1.0.1/24", "10.1.0.2/24"),
      link(3, "d1", "10.2.0.1/24"),
    ],
    routes: [
      route("10.1.0.0/24", "d0", { source: "10.1.0.1" }),
      route("10.2.0.0/24", "d1", { source: "10.2.0.1" }),
      route("0.0.0.0/0", "d0", { via: "10.1.0.254" }),
    ],
    sysctls: { "net.ipv4.ip_forward": "1" },
    ...more,
  };
}

export function packet(text: string, more: Partial<Packet> = {}): Packet {
  const [protocol = "", src = "", dst = ""] = text.split(" ");
  const end = (value: string): [string, number | undefined] => {
    const [name = "", port] = value.split(":");
    return [name, port === undefined ? undefined : Number(port)];
  };
  const [[from, sport], [to, dport]] = [end(src), end(dst)];
  return {
    family: "ipv4",
    src: from,
    dst: to,
    protocol,
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(protocol === "icmp" ? { icmp: { type: 8, code: 0, id: 7 } } : {}),
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
    ...more,
  };
}

export const LOCAL: Entry = { local: true };
export const via = (name: string): Entry => ({ in: name });

export function all(
  on: Host,
  sent: Packet,
  from: Entry,
  options: Omit<TraverseOptions, "from"> = {},
): readonly HostOutcome[] {
  return traverse(on, sent, { from, ...options }).outcomes;
}
export function one(
  on: Host,
  sent: Packet,
  from: Entry,
  options: Omit<TraverseOptions, "from"> = {},
): HostOutcome {
  const [outcome, more] = all(on, sent, from, options);
  if (outcome === undefined || more !== undefined) throw new Error("expected one outcome");
  return outcome;
}
export const rulesOf = ({ steps }: { readonly steps: readonly Step[] }): string[] =>
  steps.flatMap((step) =>
    (step.kind === "rule" || step.kind === "return") && step.rule !== undefined ? [step.rule.text] : [],
  );
export const hit = (outcome: { readonly steps: readonly Step[] }, words: string): boolean =>
  rulesOf(outcome).some((text) => text.includes(words));
export const hooksOf = (outcome: HostOutcome): string =>
  [...new Set(outcome.steps.flatMap((step) => ("hook" in step ? [step.hook] : [])))].join(" ");
