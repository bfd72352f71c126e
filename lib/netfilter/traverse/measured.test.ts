import { readFileSync } from "node:fs";
import { join } from "node:path";
import { link, route } from "../../../test/netfilter/router";
import { parseRuleset } from "../iptables";
import type { Host, Outcome, Packet, Step, TableName, TcpFlag } from "../model";
import { expectedEvent } from "../trace/expect";
import { parseTrace } from "../trace/read/reader";
import { FRESH, type HostOutcome, type KernelState, traverse } from ".";

const FOLDER = join(__dirname, "..", "trace", "golden", "six-connections");
const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

const router = (rules: string): Host => ({
  place: "router",
  rulesets: [parseRuleset(rules, { family: "ipv4" })],
  links: [
    link(1, "lo", "127.0.0.1/8"),
    link(2, "vc", "10.0.0.1/24"),
    link(3, "vs", "192.168.0.1/24", "192.168.0.2/24"),
  ],
  routes: [
    route("10.0.0.0/24", "vc", { source: "10.0.0.1" }),
    route("192.168.0.0/24", "vs", { source: "192.168.0.1" }),
    route("0.0.0.0/0", "vc", { via: "10.0.0.2" }),
  ],
  sysctls: { "net.ipv4.ip_forward": "1" },
});

/** The header of a packet when it enters a base chain. */
interface TracedHeader {
  readonly in: string;
  readonly out: string;
  readonly src: string;
  readonly dst: string;
  readonly length: number;
  readonly ttl: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags: readonly TcpFlag[];
  readonly mark: number;
}

/** An event of the kernel's TRACE, with the header at the start of its base chain. */
interface KernelEvent {
  readonly place: string;
  readonly table: TableName;
  readonly chain: string;
  readonly kind: "rule" | "policy";
  readonly verdict: string;
  readonly rule?: string;
  readonly header: TracedHeader;
}

/**
 * Returns the events of one outcome in the order in which the kernel reports them. It differs from the order of the steps
 * in two cases: the packet that REJECT sends is reported before the REJECT rule, and a packet sent over lo is received
 * only after the current packet is finished.
 *
 * Tracing starts at the TRACE rule in raw.
 */
function kernelEvents(outcome: Outcome): KernelEvent[] {
  const replies = [...(outcome.caused ?? [])];
  const events: KernelEvent[] = [];
  const waiting: (readonly Step[])[] = [outcome.steps];
  const run = (steps: readonly Step[]): void => {
    let traced = false;
    let chain: { key: string; header: TracedHeader } | undefined;
    for (const [at, step] of steps.entries()) {
      if (step.kind === "link") {
        waiting.push(steps.slice(at + 1));
        return;
      }
      if (step.kind !== "rule" && step.kind !== "policy" && step.kind !== "return") continue;
      const key = `${step.hook} ${step.table} ${step.variant ?? ""}`;
      if (chain?.key !== key) chain = { key, header: headerOf(step) };
      const action = step.kind === "rule" ? step.rule.action : undefined;
      if (action?.kind === "note" && action.target === "TRACE") traced = true;
      if (action?.kind === "reject") run(replies.shift()?.steps ?? []);
      const event = expectedEvent(step);
      if (!traced || event?.verdict === undefined) continue;
      const { table, verdict, rule, kind } = event;
      const { header } = chain;
      events.push({
        place: step.place,
        table,
        chain: step.chain,
        kind,
        verdict: "chain" in verdict ? `${verdict.kind}:${verdict.chain}` : verdict.kind,
        ...(rule === undefined ? {} : { rule: rule.text }),
        header,
      });
    }
  };
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) run(next);
  return events;
}

function headerOf(step: Extract<Step, { kind: "rule" | "policy" | "return" }>): TracedHeader {
  const { before } = step;
  return {
    in: step.in ?? "",
    out: step.out ?? "",
    src: before.src,
    dst: before.dst,
    length: before.length,
    ttl: before.ttl,
    ...(before.sport === undefined ? {} : { sport: before.sport }),
    ...(before.dport === undefined ? {} : { dport: before.dport }),
    flags: before.protocol === "tcp" ? (before.tcpFlags ?? ["SYN"]) : [],
    mark: before.mark,
  };
}

function packetOf(header: TracedHeader): Packet {
  return {
    family: "ipv4",
    src: header.src,
    dst: header.dst,
    protocol: "tcp",
    ...(header.sport === undefined ? {} : { sport: header.sport }),
    ...(header.dport === undefined ? {} : { dport: header.dport }),
    tcpFlags: header.flags,
    ttl: header.ttl,
    tos: 0,
    length: header.length,
    mark: 0,
  };
}

/** The comparable part of an event: TRACE has no protocol field, and prints tuple addresses without /32. */
const shown = (event: KernelEvent): string =>
  [
    `${event.table}:${event.chain}:${event.kind}:${event.verdict}`,
    (event.rule ?? "").replace(/(--ctorigdst \S+?)\/32/, "$1"),
    event.header === undefined
      ? ""
      : `IN=${event.header.in} OUT=${event.header.out} ${event.header.src}:${event.header.sport} ${event.header.dst}:${event.header.dport} ` +
        `LEN=${event.header.length} TTL=${event.header.ttl} MARK=${event.header.mark} ${[...event.header.flags].sort().join(" ")}`,
  ].join(" | ");

/** nft prints --ctorigdst without /32. */
const bareText = (text: string): string => text.replace(/(--ctorigdst \S+?)\/32/, "$1");

const TABLES = ["raw", "mangle", "nat", "filter", "security"] as const;
const dump = read("xtables-monitor.nft.txt");
/** Parses a trace to events, each with the header at the start of its base chain. */
function kernelEventsIn(text: string): KernelEvent[] {
  const events: KernelEvent[] = [];
  let header: TracedHeader | undefined;
  for (const event of parseTrace(text).events) {
    if (event.kind === "packet") {
      const {
        in: from = "",
        out = "",
        src = "",
        dst = "",
        length = 0,
        ttl = 0,
        flags = [],
        mark = 0,
        sport,
        dport,
      } = event.header;
      header = {
        in: from,
        out,
        src,
        dst,
        length,
        ttl,
        flags,
        mark,
        ...(sport === undefined ? {} : { sport }),
        ...(dport === undefined ? {} : { dport }),
      };
      continue;
    }
    const table = TABLES.find((name) => name === event.table);
    if (header === undefined || table === undefined || event.kind === "return") continue;
    const { verdict } = event;
    const text =
      verdict.kind === "JUMP" || verdict.kind === "GOTO" ? `${verdict.kind}:${verdict.chain}` : verdict.kind;
    events.push({
      place: "router",
      table,
      chain: event.chain,
      kind: event.kind,
      verdict: text,
      ...(event.kind === "rule" ? { rule: event.text } : {}),
      header,
    });
  }
  return events;
}

const measured = kernelEventsIn(dump);

/** Evaluates each packet of the trace with the model. The events that the model expects must be the next ones in the trace. */
function replay(
  host: Host,
  events: readonly KernelEvent[],
): { expected: string[]; packets: number; hits: Map<string, number> } {
  let state: KernelState = FRESH;
  const expected: string[] = [];
  const hits = new Map<string, number>();
  let packets = 0;
  while (expected.length < events.length) {
    const event = events[expected.length];
    const header = event?.header;
    if (event === undefined || header === undefined) break;
    const from = header.in === "" ? { local: true as const } : { in: header.in };
    const outcome: HostOutcome | undefined = traverse(host, packetOf(header), { from, state }).outcomes[0];
    if (outcome === undefined) break;
    const expectedNow = kernelEvents(outcome);
    if (expectedNow.length === 0) break;
    packets++;
    state = outcome.state;
    expected.push(...expectedNow.map(shown));
    for (const { rule } of expectedNow) if (rule !== undefined) hits.set(rule, (hits.get(rule) ?? 0) + 1);
  }
  return { expected, packets, hits };
}

describe("six connections, traced by the kernel", () => {
  test("have 206 events", () => expect(measured).toHaveLength(206));
  const result = replay(router(read("rules-in.txt")), measured);

  test(`the model predicts the ${measured.length} events of ${result.packets} packets in order`, () => {
    expect(result.expected).toEqual(measured.map(shown));
  });

  test("nft monitor trace reports the same events", () => {
    const bare = ({ table, chain, kind, verdict, header }: KernelEvent): string =>
      `${table}:${chain}:${kind}:${verdict} ${header.in}>${header.out} ${header.src}:${header.sport} ${header.dst}:${header.dport}`;
    expect(kernelEventsIn(read("nft-monitor-trace.txt")).map(bare)).toEqual(measured.map(bare));
  });

  test.each(["legacy", "nft"])(
    "the rules counted by %s are those that the model hits, as often",
    (variant) => {
      const counted = parseRuleset(read(`rules-after-counters.${variant}.txt`), { family: "ipv4" });
      const after = new Map<string, number>();
      for (const table of counted.tables.values())
        for (const chain of table.chains.values())
          for (const rule of chain.rules)
            if ((rule.counters?.packets ?? 0) > 0)
              after.set(
                bareText(rule.text),
                (after.get(bareText(rule.text)) ?? 0) + (rule.counters?.packets ?? 0),
              );
      const hits = new Map([...result.hits].map(([text, count]) => [bareText(text), count]));
      expect(Object.fromEntries(hits)).toEqual(Object.fromEntries(after));
    },
  );
});
