import { withoutUndefined } from "../../without-undefined";
import type { Reported } from "./own-table";
import type { TraceEvent, TraceHeader } from "./read/event";
import { makeHeader, readNumber } from "./read/header";

/** A point in a namespace where packets are seen, in the order in which a packet passes them. */
export type SightingPoint = "ingress" | "prerouting" | "input" | "output" | "postrouting" | "egress";

/** A packet was reported by our own chain at one point of a network namespace. */
export interface Seen {
  readonly kind: "seen";
  /** Where the packet was seen. `input`, `postrouting`: at the end of the hook, after all rules of the namespace. */
  readonly point: SightingPoint;
  /** The link on which it arrived or by which it leaves. Absent if the kernel reported none. */
  readonly link?: string;
  readonly header: TraceHeader;
  /** At `input`: whether the kernel found a socket for it. Absent if this kernel does not support the lookup. */
  readonly socket?: boolean;
}

/** A rule or a policy dropped a packet. It may be a native nf_tables rule that iptables does not show. */
interface DroppedByRule {
  readonly kind: "dropped";
  readonly header: TraceHeader;
  /** Describes the rule: `nft rule in bridge filter forward: meta l4proto tcp drop`. */
  readonly text: string;
}

export type Sighting = Seen | DroppedByRule;

/** All sightings in one namespace. */
export interface Sightings {
  readonly reported: Reported;
  /** In chronological order. */
  readonly all: readonly Sighting[];
}

const POINTS: Readonly<Record<string, SightingPoint>> = {
  pre: "prerouting",
  in: "input",
  out: "output",
  post: "postrouting",
};

function pointOf(chain: string): SightingPoint | undefined {
  if (chain.startsWith("ingress")) return "ingress";
  return chain.startsWith("egress") ? "egress" : POINTS[chain];
}

const COMES_IN: ReadonlySet<SightingPoint> = new Set(["ingress", "prerouting", "input"]);

function withLinks(header: TraceHeader, { in: from, out }: TraceHeader): TraceHeader {
  const { in: _in, out: _out, ...rest } = header;
  return { ...rest, ...withoutUndefined({ in: from, out }) };
}

/** Returns the header fields that are known from a selector of our tables. */
function headerOf(rule: string): TraceHeader {
  const word = (pattern: string): string | undefined => new RegExp(`\\b${pattern} (\\S+)`).exec(rule)?.[1];
  const [, protocol] = /\b(tcp|udp|sctp|dccp|udplite) [sd]port /.exec(rule) ?? [];
  return makeHeader({
    family: /\bip6 [sd]addr /.test(rule) ? "ipv6" : "ipv4",
    src: word("ip6? saddr"),
    dst: word("ip6? daddr"),
    protocol,
    sport: readNumber(word("sport")),
    dport: readNumber(word("dport")),
  });
}

/** Collects sightings from the trace events of one namespace. */
export class SightingCollector {
  readonly #table: string;
  readonly #all: Sighting[] = [];
  readonly #headers = new Map<string, TraceHeader>();
  /** Index of the last sighting at `input` in the list, by packet id. */
  readonly #inputs = new Map<string, number>();

  /** @param table - name of our tables. */
  constructor(table: string) {
    this.#table = table;
  }

  push(event: TraceEvent): void {
    if (event.kind === "packet") {
      const { header: own } = event;
      const point = event.table === this.#table ? pointOf(event.chain ?? "") : undefined;
      // nft 1.1 prints no header at egress. The buffer and therefore the id are those of the previous hooks.
      const before = own.src === undefined ? this.#headers.get(event.id) : undefined;
      const header = before === undefined ? own : withLinks(before, own);
      this.#headers.set(event.id, header);
      if (point === undefined) return;
      const link = COMES_IN.has(point) ? header.in : header.out;
      if (point === "input") this.#inputs.set(event.id, this.#all.length);
      this.#all.push({ kind: "seen", point, header, ...withoutUndefined({ link }) });
      return;
    }
    if (event.table === this.#table) {
      if (event.kind !== "rule") return;
      if (event.chain === "in") this.#markSocketFound(event.id);
      if (event.chain.startsWith("egress")) this.#selected(event.text);
      return;
    }
    const header = this.#headers.get(event.id);
    if (event.verdict.kind !== "DROP" || header === undefined) return;
    const at = `${event.family} ${event.table} ${event.chain}`;
    const text = event.kind === "rule" ? `nft rule in ${at}: ${event.text}` : `policy of ${at}`;
    this.#all.push({ kind: "dropped", header, text });
  }

  /** Returns the sightings so far. */
  sightings(reported: Reported): Sightings {
    const all = this.#all.map((one) =>
      reported.sockets && one.kind === "seen" && one.point === "input"
        ? { ...one, socket: one.socket === true }
        : one,
    );
    return { reported, all };
  }

  clear(): void {
    this.#all.length = 0;
    this.#headers.clear();
    this.#inputs.clear();
  }

  /** Completes a packet at egress without a printed header: takes the fields from the rule that selected it. */
  #selected(rule: string): void {
    const last = this.#all.at(-1);
    if (last?.kind !== "seen" || last.point !== "egress" || last.header.src !== undefined) return;
    this.#all[this.#all.length - 1] = { ...last, header: withLinks(headerOf(rule), last.header) };
  }

  #markSocketFound(id: string): void {
    const index = this.#inputs.get(id);
    const one = index === undefined ? undefined : this.#all[index];
    if (index === undefined || one?.kind !== "seen") return;
    this.#all[index] = { ...one, socket: true };
  }
}
