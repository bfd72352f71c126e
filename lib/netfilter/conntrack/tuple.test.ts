import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Packet } from "../model";
import { type FlowTuple, invert, opensIcmp, sameTuple, tupleOf, tupleText } from "./tuple";

/** The tuples of a line of `/proc/net/nf_conntrack`. */
function tuplesIn(line: string): readonly [FlowTuple, FlowTuple] {
  const protocol = Number(/^ipv[46]\s+\d+\s+\w+\s+(\d+)/.exec(line)?.[1]);
  const values = (key: string): string[] =>
    [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, "g"))].map(([, value = ""]) => value);
  const [src, dst, sport, dport] = ["src", "dst", "sport", "dport"].map(values);
  const at = (index: number): FlowTuple => ({
    protocol,
    src: src?.[index] ?? "",
    dst: dst?.[index] ?? "",
    sport: Number(sport?.[index]),
    dport: Number(dport?.[index]),
  });
  return [at(0), at(1)];
}

const recorded = ["../nat/golden/experiments.legacy.txt", "../trace/golden/six-connections/results.nft.txt"]
  .flatMap((file) => readFileSync(join(__dirname, file), "utf8").split("\n"))
  .filter((line) => line.startsWith("ipv4 "))
  .map(tuplesIn);

test("without NAT, the reply of an entry in the kernel's table is its inverted tuple", () => {
  const plain = recorded.filter(
    ([original, reply]) =>
      original.src === reply.dst && original.dst === reply.src && original.sport === reply.dport,
  );
  expect(plain.length).toBeGreaterThan(0);
  for (const [original, reply] of plain) expect(invert(original)).toEqual(reply);
});

test("inverting a tuple twice returns the tuple", () => {
  for (const [original] of recorded) expect(invert(invert(original))).toEqual(original);
});

const icmp = (type: number, code = 0, protocol = "icmp"): Packet => ({
  family: protocol === "icmp" ? "ipv4" : "ipv6",
  src: "10.0.0.1",
  dst: "10.0.0.2",
  protocol,
  icmp: { type, code, id: 7 },
  ttl: 64,
  tos: 0,
  length: 84,
  mark: 0,
});

// Types and replies: RFC 792, RFC 950 (masks), RFC 4443, RFC 4620 (node information).
describe("ICMP", () => {
  test.each([
    ["an echo request", "icmp", 8, 0, true],
    ["an echo reply", "icmp", 0, 8, false],
    ["a timestamp request", "icmp", 13, 14, true],
    ["a timestamp reply", "icmp", 14, 13, false],
    ["an information request", "icmp", 15, 16, true],
    ["an information reply", "icmp", 16, 15, false],
    ["an address mask request", "icmp", 17, 18, true],
    ["an address mask reply", "icmp", 18, 17, false],
    ["an ICMPv6 echo request", "ipv6-icmp", 128, 129, true],
    ["an ICMPv6 echo reply", "ipv6-icmp", 129, 128, false],
    ["a node information query", "ipv6-icmp", 139, 140, true],
    ["a node information reply", "ipv6-icmp", 140, 139, false],
  ])(
    "%s has the identifier as its port, the matching reply, and may open an entry or not",
    (_, name, type, reply, opens) => {
      const tuple = tupleOf(icmp(type, 3, name));
      expect(tuple).toMatchObject({ sport: 7, dport: 256 * type + 3 });
      expect(tuple && invert(tuple)).toMatchObject({
        src: "10.0.0.2",
        dst: "10.0.0.1",
        sport: 7,
        dport: 256 * reply + 3,
      });
      expect(opensIcmp(tuple?.protocol ?? 0, type)).toBe(opens);
    },
  );

  test.each([
    ["icmp", 3],
    ["icmp", 5],
    ["icmp", 11],
    ["ipv6-icmp", 1],
    ["ipv6-icmp", 133],
  ])("%s type %i has no tuple and opens no entry", (name, type) => {
    expect(tupleOf(icmp(type, 0, name))).toBeUndefined();
    expect(opensIcmp(name === "icmp" ? 1 : 58, type)).toBe(false);
  });
});

const datagram = (more: Partial<Packet>): Packet => ({
  family: "ipv4",
  src: "10.0.0.1",
  dst: "10.0.0.2",
  protocol: "udp",
  ttl: 64,
  tos: 0,
  length: 40,
  mark: 0,
  ...more,
});

test.each([
  ["udp with ports", { sport: 1, dport: 2 }, { protocol: 17, sport: 1, dport: 2 }],
  ["udp with an unknown source port", { dport: 2 }, { protocol: 17, dport: 2 }],
  ["tcp by its number", { protocol: "6", sport: 1, dport: 2 }, { protocol: 6, sport: 1, dport: 2 }],
  ["gre, which has no ports", { protocol: "gre" }, { protocol: 47, sport: 0, dport: 0 }],
])("the tuple of %s", (_, more, expected) => {
  const tuple = tupleOf(datagram(more));
  expect(tuple).toEqual({ src: "10.0.0.1", dst: "10.0.0.2", ...expected });
});

test("an unknown port stays unknown when a tuple is inverted", () => {
  const tuple = tupleOf(datagram({ dport: 2 }));
  expect(tuple && invert(tuple)).toEqual({ protocol: 17, src: "10.0.0.2", dst: "10.0.0.1", sport: 2 });
});

const plain: FlowTuple = { protocol: 17, src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 2 };

test.each<[keyof FlowTuple, Partial<FlowTuple>]>([
  ["protocol", { protocol: 6 }],
  ["src", { src: "10.0.0.9" }],
  ["dst", { dst: "10.0.0.9" }],
  ["sport", { sport: 9 }],
  ["dport", { dport: 9 }],
])("tuples that differ in %s are different", (_, differs) => {
  expect(sameTuple(plain, { ...plain })).toBe(true);
  expect(sameTuple(plain, { ...plain, ...differs })).toBe(false);
});

test.each([
  [plain, "10.0.0.1:1 → 10.0.0.2:2"],
  [{ protocol: 6, src: "fd00::1", dst: "fd00::2", dport: 80 }, "[fd00::1]:? → [fd00::2]:80"],
  [{ protocol: 1, src: "10.0.0.1", dst: "10.0.0.2", sport: 7, dport: 2048 }, "10.0.0.1 → 10.0.0.2"],
])("the text of %j is %s", (tuple, text) => {
  expect(tupleText(tuple)).toBe(text);
});
