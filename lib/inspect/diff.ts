import type { InterfaceAddress, Link, PolicyRule, Route, RulesetDump, Snapshot, Socket } from "./snapshot";

/** The kind of the changed object. */
export type ChangeSubject =
  | "namespace"
  | "link"
  | "address"
  | "route"
  | "policy rule"
  | "rule"
  | "chain"
  | "listener"
  | "forwarding entry"
  | "neighbour"
  | "sysctl";

/**
 * One difference between two snapshots of a network namespace.
 *
 * @example
 * import { type Change, diffSnapshots } from "wirebook";
 *
 * const one = { place: "client", links: [], routes: [], sysctls: { "net.ipv4.ip_forward": "0" } };
 * const other = { ...one, sysctls: { "net.ipv4.ip_forward": "1" } };
 * const changes: readonly Change[] = diffSnapshots([one], [other]).changes;
 * console.log(changes.map(({ was, text }) => `${was} → ${text}`));
 */
export interface Change {
  readonly place: string;
  readonly subject: ChangeSubject;
  readonly change: "added" | "removed" | "changed";
  /** The object as printed by its tool: `ip addr`, `ip route`, `iptables-save`, `ss`. */
  readonly text: string;
  /** For `changed`: the previous text. */
  readonly was?: string;
  /** For rules and chains: `ipv4 nat`. */
  readonly table?: string;
  /** For rules: the chain. */
  readonly chain?: string;
}

/**
 * Two lists of snapshots of the same places, and their differences. Pure data.
 *
 * @example
 * import { type Diff, diffSnapshots } from "wirebook";
 *
 * const diff: Diff = diffSnapshots([], [{ place: "client", links: [], routes: [] }]);
 * console.log(diff.changes.map(({ change, text }) => `${change} ${text}`)); // [ 'added client' ]
 */
export interface Diff {
  readonly before: readonly Snapshot[];
  readonly after: readonly Snapshot[];
  readonly changes: readonly Change[];
}

/**
 * Compares two lists of snapshots of the same places. Ignores counters, connections and the age of entries, and
 * neighbours and forwarding entries that are not `permanent`.
 *
 * @example
 * import { diffSnapshots, Lab } from "wirebook";
 * const lab = await Lab.open("diff-snapshots-example");
 * const router = await lab.netns("router");
 * const before = await router.snapshot();
 * await router.sh`ip route add 10.9.0.0/16 dev lo`;
 * const { changes } = diffSnapshots([before], [await router.snapshot()]);
 * console.log(changes.map(({ change, text }) => `${change} ${text}`));
 * await lab.close();
 */
export function diffSnapshots(before: readonly Snapshot[], after: readonly Snapshot[]): Diff {
  const places = [...new Set([...before, ...after].map(({ place }) => place))];
  const changes = places.flatMap((place) => {
    const old = before.find((each) => each.place === place);
    const now = after.find((each) => each.place === place);
    if (old && now) return diffPlace(place, old, now);
    return [{ place, subject: "namespace", change: now ? "added" : "removed", text: place } satisfies Change];
  });
  return { before, after, changes };
}

function diffPlace(place: string, old: Snapshot, now: Snapshot): readonly Change[] {
  const lists = [
    compare(place, "link", old.links, now.links, linkKey, linkText),
    compare(place, "address", addresses(old), addresses(now), addressText, addressText),
    compare(place, "route", old.routes, now.routes, routeText, routeText),
    compare(place, "policy rule", old.policyRules ?? [], now.policyRules ?? [], policyText, policyText),
    diffRulesets(place, old.iptables ?? [], now.iptables ?? []),
    compare(place, "listener", listeners(old), listeners(now), listenerText, listenerText),
    // Sysctls are added and removed only together with their link, which is reported already.
    compare(place, "sysctl", sysctls(old), sysctls(now), sysctlKey, sysctlText).filter(
      ({ change }) => change === "changed",
    ),
  ];
  return lists.flat();
}

function compare<T>(
  place: string,
  subject: ChangeSubject,
  old: readonly T[],
  now: readonly T[],
  key: (item: T) => string,
  text: (item: T) => string,
): readonly Change[] {
  const was = new Map(old.map((item) => [key(item), item]));
  const is = new Map(now.map((item) => [key(item), item]));
  const changes: Change[] = [];
  for (const [name, item] of was) {
    if (!is.has(name)) changes.push({ place, subject, change: "removed", text: text(item) });
  }
  for (const [name, item] of is) {
    const earlier = was.get(name);
    if (earlier === undefined) changes.push({ place, subject, change: "added", text: text(item) });
    else if (text(earlier) !== text(item)) {
      changes.push({ place, subject, change: "changed", text: text(item), was: text(earlier) });
    }
  }
  return changes;
}

type Sysctl = readonly [string, string];

function sysctls({ sysctls: values }: Snapshot): readonly Sysctl[] {
  return Object.entries(values ?? {}).filter(([key]) => key !== "net.netfilter.nf_conntrack_count");
}

const sysctlKey = ([key]: Sysctl): string => key;
const sysctlText = ([key, value]: Sysctl): string => `${key} = ${value}`;
const linkKey = ({ ifindex, name }: Link): string => `${ifindex} ${name}`;

function linkText(link: Link): string {
  const peer = link.peer ? `@if${link.peer.ifindex}` : "";
  const master = link.master === undefined ? "" : ` master ${link.master}`;
  return `${link.ifindex}: ${link.name}${peer} ${link.kind} mtu ${link.mtu}${master} ${link.up ? "up" : "down"}`;
}

interface LocatedAddress {
  readonly link: string;
  readonly address: InterfaceAddress;
}

function addresses({ links }: Snapshot): readonly LocatedAddress[] {
  return links.flatMap((link) => link.addresses.map((address) => ({ link: link.name, address })));
}

function addressText({ link, address }: LocatedAddress): string {
  return `${address.address}/${address.prefixLength} dev ${link}`;
}

function routeText(route: Route): string {
  const type = route.type === "unicast" ? "" : `${route.type} `;
  const via = route.via === undefined ? "" : ` via ${route.via}`;
  const dev = route.dev === undefined ? "" : ` dev ${route.dev}`;
  const source = route.source === undefined ? "" : ` src ${route.source}`;
  const metric = route.metric === undefined ? "" : ` metric ${route.metric}`;
  const table = route.table === "main" ? "" : ` table ${route.table}`;
  const destination = /^(?:0\.0\.0\.0|::)\/0$/.test(route.destination) ? "default" : route.destination;
  return `${type}${destination}${via}${dev}${source}${metric}${table}`;
}

function policyText(rule: PolicyRule): string {
  const action = rule.action.kind === "lookup" ? `lookup ${rule.action.table}` : rule.action.kind;
  const mark = rule.mark ? ` fwmark 0x${rule.mark.value.toString(16)}/0x${rule.mark.mask.toString(16)}` : "";
  return `${rule.family} ${rule.priority}: ${rule.inverted ? "not " : ""}from ${rule.from ?? "all"}${rule.to === undefined ? "" : ` to ${rule.to}`}${mark} ${action}`;
}

function listeners({ sockets }: Snapshot): readonly Socket[] {
  return (sockets ?? []).filter(({ state }) => state === "LISTEN" || state === "UNCONN");
}

function listenerText({ protocol, localAddress, localPort }: Socket): string {
  const address = localAddress.includes(":") ? `[${localAddress}]` : localAddress;
  return `${protocol} ${address}:${localPort}`;
}

// A chain can contain the same rule several times, so the key contains the number of earlier occurrences.
function diffRulesets(place: string, old: readonly RulesetDump[], now: readonly RulesetDump[]): Change[] {
  const was = ruleLines(old);
  const is = ruleLines(now);
  const change = (kind: "added" | "removed", key: string, line: RuleLine): Change[] =>
    (kind === "added" ? was : is).has(key)
      ? []
      : [{ place, change: kind, text: line.text, table: line.table, ...subjectOf(line) }];
  return [
    ...[...was].flatMap(([key, line]) => change("removed", key, line)),
    ...[...is].flatMap(([key, line]) => change("added", key, line)),
  ];
}

function subjectOf({ chain, text }: RuleLine): Pick<Change, "subject" | "chain"> {
  return chain ? { subject: "chain" } : { subject: "rule", chain: text.split(" ")[1] ?? "" };
}

interface RuleLine {
  readonly table: string;
  readonly text: string;
  readonly chain: boolean;
}

function ruleLines(dumps: readonly RulesetDump[]): ReadonlyMap<string, RuleLine> {
  const lines = new Map<string, RuleLine>();
  for (const { family, text: dump } of dumps) {
    let table: string = family;
    for (const raw of dump.split("\n")) {
      if (raw.startsWith("*")) table = `${family} ${raw.slice(1)}`;
      const chain = raw.startsWith(":");
      const text = chain ? raw.replace(/ \[\d+:\d+\]$/, "") : raw.replace(/^\[\d+:\d+\] /, "");
      if (!chain && !text.startsWith("-A ")) continue;
      let count = 0;
      while (lines.has(`${table} ${text} ${count}`)) count++;
      lines.set(`${table} ${text} ${count}`, { table, text, chain });
    }
  }
  return lines;
}
