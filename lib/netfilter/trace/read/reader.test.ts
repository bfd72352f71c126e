import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { ChainEvent, TraceEvent } from "./event";
import { LoadedRules } from "./loaded";
import { groupPackets } from "./packets";
import { parseTrace, TraceReader } from "./reader";

const golden = (name: string): string => readFileSync(join(__dirname, "../golden", name), "utf8");
const nft = golden("nft-monitor.txt");
const xtables = golden("xtables-monitor.txt");
const loaded = new LoadedRules(golden("ruleset.txt"));

/** The fields of an event that both programs print. */
function plain(event: TraceEvent): string {
  if (event.kind === "packet") {
    const { src, dst, sport, dport, ttl, ipId, length } = event.header;
    return [
      event.id,
      event.family,
      "packet",
      event.header.in,
      event.header.out,
      src,
      dst,
      sport,
      dport,
      ttl,
      ipId,
      length,
    ].join(" ");
  }
  const handle = event.kind === "rule" ? event.handle : "";
  return [
    event.id,
    event.family,
    event.kind,
    event.table,
    event.chain,
    handle,
    JSON.stringify(event.verdict),
  ].join(" ");
}

test("every line of both programs is parsed", () => {
  expect(parseTrace(nft).unread).toEqual([]);
  expect(parseTrace(xtables).unread).toEqual([]);
  expect(parseTrace(nft).events).toHaveLength(nft.trim().split("\n").length);
});

test("both programs report the same events until xtables-monitor ended", () => {
  const a = parseTrace(nft)
    .events.filter(({ family }) => family !== "ip6")
    .map(plain);
  const b = parseTrace(xtables)
    .events.filter(({ family }) => family !== "ip6")
    .map(plain);
  expect(b.length).toBeGreaterThan(200);
  expect(a.slice(0, b.length)).toEqual(b);
});

test("a comment that looks like the end of an event is part of the rule", () => {
  const text =
    'trace id 0000000a ip filter INPUT rule accept comment "x # handle 9 (verdict drop)" # handle 4 (verdict accept)\n';
  expect(parseTrace(text).events).toMatchObject([
    { handle: 4, verdict: { kind: "ACCEPT" }, table: "filter" },
  ]);
});

test("the number that xtables-monitor prints for RETURN is parsed", () => {
  const text =
    " TRACE: 2 b67a11c3 nat:POST:rule:0xe:0xfffffffb  -4 -t nat -A POST -m mark ! --mark 0x4000/0x4000 -j RETURN\n";
  expect(parseTrace(text).events).toMatchObject([
    { kind: "rule", verdict: { kind: "RETURN" }, text: "-A POST -m mark ! --mark 0x4000/0x4000 -j RETURN" },
  ]);
});

test("headers with flags, ICMP, IPv6 and GRE are parsed", () => {
  const packets = groupPackets(parseTrace(nft).events, loaded).map(({ header }) => header);
  expect(packets).toContainEqual(
    expect.objectContaining({ protocol: "tcp", flags: ["RST", "ACK"], sport: 99 }),
  );
  expect(packets).toContainEqual(
    expect.objectContaining({ icmp: { type: 8, code: 0, id: expect.any(Number) } }),
  );
  expect(packets).toContainEqual(
    expect.objectContaining({ icmp: { type: 3, code: 3, id: 0 }, src: "10.0.0.1" }),
  );
  expect(packets).toContainEqual(
    expect.objectContaining({ family: "ipv6", protocol: "udp", dport: 98, length: 50 }),
  );
  expect(packets).toContainEqual(expect.objectContaining({ protocol: "gre", length: 24 }));
});

test("chunks of any size result in the same events", () => {
  const whole = parseTrace(nft).events;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const events: TraceEvent[] = [];
      const reader = new TraceReader((event) => events.push(event));
      for (let at = 0, i = 0; at < nft.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1;
        reader.push(nft.slice(at, at + size));
        at += size;
      }
      reader.end();
      expect(events).toEqual(whole);
    }),
    { numRuns: 20 },
  );
});

test("damaged output never throws, and every line is either an event or kept as unread", () => {
  fc.assert(
    fc.property(fc.constantFrom(nft, xtables), fc.nat(60_000), fc.nat(3000), (text, from, size) => {
      const damaged = text.slice(0, from) + text.slice(from + size);
      const { events, unread } = parseTrace(damaged);
      expect(events.length + unread.length).toBe(
        damaged.split("\n").filter((line) => line.trim() !== "").length,
      );
      const kept = groupPackets(events, loaded).flatMap(({ visits }) =>
        visits.flatMap((visit) => visit.events),
      );
      expect(kept).toHaveLength(events.filter(({ kind }) => kind !== "packet").length);
    }),
    { numRuns: 200 },
  );
});

test("a handle is mapped to the rule's chain and position", () => {
  expect(loaded.position("ip", "filter", 11)).toEqual({ chain: "FORWARD", index: 3 });
  expect(loaded.position("inet", "own", 5)).toEqual({ chain: "input", index: 1 });
  expect(loaded.hook("inet", "own", "input")).toBe("INPUT");
  expect(loaded.hook("ip", "filter", "A")).toBeUndefined();
  for (const event of parseTrace(nft).events) {
    if (event.kind !== "rule" || event.handle === undefined) continue;
    expect(loaded.position(event.family, event.table, event.handle)?.chain).toBe(event.chain);
  }
});

test("each rule event belongs to one packet, and each packet has one identification", () => {
  const packets = groupPackets(parseTrace(nft).events, loaded);
  const ways = packets.map(({ visits }) =>
    visits
      .map(({ hook }) => hook)
      .filter((hook, i, all) => hook !== all[i - 1])
      .join(" "),
  );
  expect(new Set(ways)).toEqual(
    new Set([
      "PREROUTING",
      "PREROUTING INPUT",
      "PREROUTING FORWARD",
      // iptables-nft created only the POSTROUTING chain of nat, which is evaluated for new connections only.
      "PREROUTING FORWARD POSTROUTING",
      "OUTPUT",
      "OUTPUT POSTROUTING",
    ]),
  );
});

test("two packets of a flow with the same id are distinguished", () => {
  const events = parseTrace(nft).events;
  const packets = groupPackets(events, loaded);
  const ids = packets.map(({ id }) => id);
  expect(new Set(ids).size).toBeLessThan(ids.length);
  for (const { visits } of packets) {
    const numbers = new Set(visits.map(({ header }) => header?.ipId).filter((id) => id !== undefined));
    expect(numbers.size).toBeLessThanOrEqual(1);
  }
});

test("events of interleaved packets are grouped by id", () => {
  const of = (id: string): TraceEvent[] =>
    parseTrace(nft)
      .events.filter((event) => event.family === "ip")
      .map((event) => ({ ...event, id: id + event.id }));
  const [a, b] = [of("a"), of("b")];
  const mixed = a.flatMap((event, i) => [event, b[i] ?? event]);
  const chains = (events: Iterable<TraceEvent>, prefix: string): ChainEvent[][] =>
    groupPackets(events, loaded)
      .filter(({ id }) => id.startsWith(prefix))
      .map(({ visits }) => visits.flatMap((visit) => visit.events));
  expect(chains(mixed, "a")).toEqual(chains(a, "a"));
  expect(chains(mixed, "b")).toEqual(chains(b, "b"));
});
