import type { Hook, Host, Match, Packet, Range, Rule, Ruleset, Traversal } from "../model";
import { masked, netOf, textOf, type Words } from "../routing/address";
import { type Entry, type HostOutcome, traverse } from "../traverse";
import { fractionText } from "../traverse/report/json";
import type { GivenState } from "../traverse/state/given-state";
import type { Circumstances } from "./change";
import { satisfy } from "./why";

/** A packet that two rule sets treat differently. */
export interface Witness {
  readonly packet: Packet;
  readonly from: Entry;
  readonly state: GivenState;
  readonly first: Traversal<HostOutcome>;
  readonly second: Traversal<HostOutcome>;
  /** Describes the difference: `drop by the first, accept (…) by the second`. */
  readonly text: string;
}

/** The result of {@link compareRulesets}. */
export type Comparison =
  | { readonly kind: "different"; readonly witness: Witness }
  /** No difference was found with this number of packets. This does not prove that there is none. */
  | { readonly kind: "no difference found"; readonly packets: number };

/** Options of {@link compareRulesets}. */
export interface CompareOptions {
  /** The host on which both rule sets are evaluated. Default: a router, eth0 with 192.0.2.1/24, default route by eth1. */
  readonly host?: Omit<Host, "rulesets">;
  /** Maximum number of packets to try. Default: 4000. */
  readonly packets?: number;
}

const STATES: readonly GivenState[] = ["NEW", "ESTABLISHED"];

const START: Circumstances = {
  packet: {
    family: "ipv4",
    src: "198.51.100.7",
    dst: "203.0.113.7",
    protocol: "tcp",
    sport: 40_000,
    dport: 80,
    tcpFlags: ["SYN"],
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  },
  in: "eth0",
  out: "eth1",
  state: "NEW",
};

const ROUTER: Omit<Host, "rulesets"> = {
  place: "router",
  links: [
    {
      ifindex: 2,
      name: "eth0",
      kind: "ether",
      mtu: 1500,
      up: true,
      operState: "UP",
      addresses: [
        { family: "ipv4", address: "192.0.2.1", prefixLength: 24, scope: "global", secondary: false },
      ],
    },
  ],
  routes: [{ family: "ipv4", destination: "0.0.0.0/0", type: "unicast", table: "main", dev: "eth1" }],
  sysctls: { "net.ipv4.ip_forward": "1" },
};

/**
 * Compares the behaviour of two rule sets, regardless of how they are written. Generates packets that match each rule,
 * packets that almost match, and combinations of these, and evaluates them with both rule sets until the result differs.
 * Sends nothing.
 *
 * @param options.packets - maximum number of packets to try. Default: 4000.
 * @param options.host - the host on which both are evaluated. Default: a router with eth0 and eth1.
 * @returns a packet with different results, or that none was found. The latter is not a proof.
 * @example
 * import { compareRulesets, parseRuleset } from "wirebook";
 *
 * const drop = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j DROP\nCOMMIT\n");
 * const reject = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j REJECT\nCOMMIT\n");
 * const result = compareRulesets(drop, reject);
 * if (result.kind === "different") console.log(result.witness.text);
 */
export function compareRulesets(first: Ruleset, second: Ruleset, options: CompareOptions = {}): Comparison {
  const base = options.host ?? ROUTER;
  const [one, other]: [Host, Host] = [
    { ...base, rulesets: [first] },
    { ...base, rulesets: [second] },
  ];
  const limit = options.packets ?? 4000;
  let packets = 0;
  const seen = new Set<string>();
  for (const { packet, in: device, state } of candidates([first, second], one)) {
    for (const from of [{ in: device === "" ? "eth0" : device }, { local: true }] as const) {
      const key = JSON.stringify([packet, from, state]);
      if (seen.has(key)) continue;
      seen.add(key);
      if (packets++ >= limit) return { kind: "no difference found", packets: limit };
      const [a, b] = [one, other].map((host) => traverse(host, packet, { from, ctState: state }));
      if (a === undefined || b === undefined) continue;
      const [ours, theirs] = [behaviour(a), behaviour(b)];
      if (ours === theirs) continue;
      return {
        kind: "different",
        witness: {
          packet,
          from,
          state,
          first: a,
          second: b,
          text: `${ours} by the first, ${theirs} by the second`,
        },
      };
    }
  }
  return { kind: "no difference found", packets };
}

/** Describes the externally visible result: verdicts and packets that leave, with their probabilities. */
function behaviour({ outcomes }: Traversal<HostOutcome>): string {
  const results = new Map<string, string[]>();
  for (const { verdict, packet, probability, caused, dependsOn, drawn } of outcomes) {
    const header = `${packet.src}:${packet.sport ?? ""} to ${packet.dst}:${packet.dport ?? ""} ${(drawn ?? []).map((text) => `(${text}) `).join("")}mark ${packet.mark} tos ${packet.tos} ttl ${packet.ttl}`;
    const answers = (caused ?? [])
      .map(
        (answer) =>
          ` answered by ${answer.packet.protocol} ${answer.packet.icmp?.type ?? ""}/${answer.packet.icmp?.code ?? ""}`,
      )
      .join("");
    const result = `${verdict}${verdict === "accept" ? ` (${header})` : ""}${answers}`;
    results.set(result, [
      ...(results.get(result) ?? []),
      `${fractionText(probability)} ${dependsOn.join("; ")}`.trim(),
    ]);
  }
  return [...results]
    .map(([result, chances]) => (results.size === 1 ? result : `${result} [${chances.sort().join(" | ")}]`))
    .sort()
    .join(" or ");
}

/** Generates packets that match each rule, and combinations: for example the source of one and the destination of another. */
function* candidates(rulesets: readonly Ruleset[], host: Host): Generator<Circumstances> {
  yield START;
  const met: Circumstances[] = [];
  const { family = "ipv4" } = rulesets[0] ?? {};
  const own = host.links
    ?.flatMap(({ addresses }) => addresses)
    .find((address) => address.family === family)?.address;
  for (const ruleset of rulesets) {
    const start: Circumstances =
      ruleset.family === "ipv4"
        ? START
        : { ...START, packet: { ...START.packet, family: "ipv6", src: "2001:db8::7", dst: "2001:db8:1::7" } };
    for (const table of ruleset.tables.values())
      for (const chain of table.chains.values())
        for (const rule of chain.rules)
          for (const at of packetsFor(rule, chain.name, start, host)) {
            met.push(at);
            yield at;
            if (own !== undefined) yield { ...at, packet: { ...at.packet, dst: own } };
          }
  }
  for (const state of STATES) for (const at of met) yield { ...at, state };
  for (const a of met) {
    for (const b of met) {
      if (a === b) continue;
      yield { ...a, packet: { ...a.packet, dst: b.packet.dst } };
      yield { ...a, packet: { ...a.packet, src: b.packet.src } };
      yield { ...a, in: b.in };
      if (a.packet.dport !== undefined && b.packet.dport !== undefined)
        yield { ...a, packet: { ...a.packet, dport: b.packet.dport } };
    }
  }
}

const HOOKS: readonly Hook[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/** Generates a packet that matches the rule, and for each condition one that does not match because of it. */
function* packetsFor(rule: Rule, chain: string, start: Circumstances, host: Host): Generator<Circumstances> {
  const hook = HOOKS.find((name) => name === chain) ?? "FORWARD";
  const met = satisfy(rule, start, hook, host);
  if (met === undefined) return;
  yield met;
  for (const match of rule.matches)
    for (const packet of boundaryPackets(match, met.packet)) yield { ...met, packet };
  for (const [at, match] of rule.matches.entries()) {
    if (match.kind === "comment" || match.kind === "opaque") continue;
    const missed = { ...match, inverted: !match.inverted };
    const matches = rule.matches.map((other, index) => (index === at ? missed : other));
    const miss = satisfy(
      { ...rule, text: rule.text, line: rule.line, index: rule.index, action: rule.action, matches },
      met,
      hook,
      host,
    );
    if (miss !== undefined) yield miss;
  }
}

/**
 * Returns packets with the values at both ends of the range that a condition compares, and next to it, to find small
 * differences of ranges. Empty for conditions without such a range.
 */
function boundaryPackets(match: Match, packet: Packet): readonly Packet[] {
  switch (match.kind) {
    case "port": {
      const side = match.side === "source" ? "sport" : "dport";
      return match.ports.flatMap((range) => withBoundaries(packet, side, range, 65_535));
    }
    case "ttl":
      return withBoundaries(packet, "ttl", match.ttl, 255);
    case "length":
      return withBoundaries(packet, "length", match.bytes, 65_535);
    case "source":
    case "destination": {
      const net = netOf(match.prefix.address, match.prefix.mask);
      if (net?.length === undefined) return [];
      const side = match.kind === "source" ? "src" : "dst";
      const first = masked(net.words, net.mask);
      const last = first.map((word, at) => (word | ~(net.mask[at] ?? 0)) >>> 0);
      const moved = (words: Words, by: number): Words =>
        words.map((word, at) => (at === words.length - 1 ? (word + by) >>> 0 : word));
      return [first, last, moved(first, -1), moved(last, 1)].map((words) => ({
        ...packet,
        [side]: textOf(words),
      }));
    }
    case "inInterface":
    case "outInterface":
    case "protocol":
    case "fragment":
    case "tcpFlags":
    case "icmp":
    case "ctState":
    case "ctProtocol":
    case "ctAddress":
    case "ctPort":
    case "ctDirection":
    case "ctStatus":
    case "ctExpire":
    case "mark":
    case "connmark":
    case "addressType":
    case "addressRange":
    case "mac":
    case "owner":
    case "pktType":
    case "tos":
    case "statisticRandom":
    case "statisticNth":
    case "limit":
    case "hashlimit":
    case "connlimit":
    case "recent":
    case "set":
    case "rpfilter":
    case "physdev":
    case "comment":
    case "opaque":
      return [];
  }
}

function withBoundaries(
  packet: Packet,
  field: "sport" | "dport" | "ttl" | "length",
  { from, to }: Range,
  top: number,
): readonly Packet[] {
  return [from - 1, from, to, to + 1]
    .filter((value) => value >= 0 && value <= top)
    .map((value) => ({ ...packet, [field]: value }));
}
