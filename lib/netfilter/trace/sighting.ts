import type { TraceEvent, TraceHeader } from "./event";
import { makeHeader, readNumber } from "./header";
import type { Reported } from "./own-table";

/** Where in a namespace a packet was seen, in the order in which one that is forwarded or delivered passes them. */
export type SightingPoint = "ingress" | "prerouting" | "input" | "output" | "postrouting" | "egress";

/** A packet was seen at one point of a network namespace: our own chains there reported it. */
export interface Seen {
  readonly kind: "seen";
  /** `input` and `postrouting` are the ends of these hooks: no rule of the namespace comes after. */
  readonly point: SightingPoint;
  /** The link that it came in by, or leaves by; absent where the kernel named none. */
  readonly link?: string;
  readonly header: TraceHeader;
  /** At `input`: whether the kernel finds a socket for it; absent where this kernel can't be asked. */
  readonly socket?: boolean;
}

/** A rule or a policy dropped a packet: also one that iptables does not show. */
export interface DroppedByRule {
  readonly kind: "dropped";
  readonly header: TraceHeader;
  /** `nft rule in bridge filter forward: meta l4proto tcp drop`. */
  readonly text: string;
}

export type Sighting = Seen | DroppedByRule;

/** What our own chains in one namespace saw. */
export interface Sightings {
  readonly reported: Reported;
  /** In the order of time. */
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
  return { ...rest, ...(from === undefined ? {} : { in: from }), ...(out === undefined ? {} : { out }) };
}

/** What a selector of ours says of the packets that it selects. */
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

/** Collects, from the events of one namespace as they come, where its packets were seen. */
export class SightingCollector {
  readonly #table: string;
  readonly #all: Sighting[] = [];
  readonly #headers = new Map<string, TraceHeader>();
  /** Where the last packet of each id at the end of INPUT is in the list. */
  readonly #inputs = new Map<string, number>();

  /** @param table - the name of our tables. */
  constructor(table: string) {
    this.#table = table;
  }

  push(event: TraceEvent): void {
    if (event.kind === "packet") {
      const { header: own } = event;
      const point = event.table === this.#table ? pointOf(event.chain ?? "") : undefined;
      // nft 1.1 prints no header at egress. The buffer, and so the id, is that of the hooks before.
      const before = own.src === undefined ? this.#headers.get(event.id) : undefined;
      const header = before === undefined ? own : withLinks(before, own);
      this.#headers.set(event.id, header);
      if (point === undefined) return;
      const link = COMES_IN.has(point) ? header.in : header.out;
      if (point === "input") this.#inputs.set(event.id, this.#all.length);
      this.#all.push({ kind: "seen", point, header, ...(link === undefined ? {} : { link }) });
      return;
    }
    if (event.table === this.#table) {
      if (event.kind !== "rule") return;
      if (event.chain === "in") this.#found(event.id);
      if (event.chain.startsWith("egress")) this.#selected(event.text);
      return;
    }
    const header = this.#headers.get(event.id);
    if (event.verdict.kind !== "DROP" || header === undefined) return;
    const at = `${event.family} ${event.table} ${event.chain}`;
    const text = event.kind === "rule" ? `nft rule in ${at}: ${event.text}` : `policy of ${at}`;
    this.#all.push({ kind: "dropped", header, text });
  }

  /** What was seen so far. */
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

  /** A packet at egress whose header nobody printed: the rule that selected it says whose it is. */
  #selected(rule: string): void {
    const last = this.#all.at(-1);
    if (last?.kind !== "seen" || last.point !== "egress" || last.header.src !== undefined) return;
    this.#all[this.#all.length - 1] = { ...last, header: withLinks(headerOf(rule), last.header) };
  }

  #found(id: string): void {
    const index = this.#inputs.get(id);
    const one = index === undefined ? undefined : this.#all[index];
    if (index === undefined || one?.kind !== "seen") return;
    this.#all[index] = { ...one, socket: true };
  }
}
