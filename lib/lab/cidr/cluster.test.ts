import fc from "fast-check";
import { contains, overlaps, parseCidr } from "./cidr";
import { ClusterRange } from "./cluster";

const nodes = { what: "the network of the nodes", cidr: parseCidr("172.28.0.0/24", "nodes") };
const services = { what: "the service range", cidr: parseCidr("10.96.0.0/16", "services") };
const cluster = (range = "10.244.0.0/16", chunk = 24) => new ClusterRange(range, chunk, [nodes, services]);

test("each node gets the next chunk", () => {
  const range = cluster();
  expect(["node1", "node2"].map((node) => range.claim(node).text)).toEqual([
    "10.244.1.0/24",
    "10.244.2.0/24",
  ]);
});

test("a chunk that was requested is not assigned to another node", () => {
  const range = cluster();
  range.claim("node1", "10.244.1.0/24");
  expect(range.claim("node2").text).toBe("10.244.2.0/24");
});

test.each([
  ["172.28.0.0/26", "CIDR_OVERLAP", "overlaps the network of the nodes (172.28.0.0/24)"],
  ["10.96.4.0/24", "CIDR_OVERLAP", "overlaps the service range (10.96.0.0/16)"],
  ["10.244.1.128/25", "CIDR_OVERLAP", "overlaps the chunk of node1 (10.244.1.0/24)"],
  ["10.245.1.0/24", "BAD_ADDRESS", "is not in the cluster's range 10.244.0.0/16"],
  ["10.244.9.0/31", "BAD_ADDRESS", "is too small for a bridge and a pod"],
])("the chunk %s throws %s: it %s", (chunk, code, why) => {
  const range = cluster();
  range.claim("node1", "10.244.1.0/24");
  expect(() => range.claim("node2", chunk)).toThrow(code);
  expect(() => range.claim("node2", chunk)).toThrow(why);
  expect([...range.chunks.keys()]).toEqual(["node1"]);
});

test("the constructor throws if the cluster's range overlaps the service range", () => {
  expect(() => cluster("10.96.0.0/12")).toThrow(
    "CIDR_OVERLAP  cluster range: 10.96.0.0/12 overlaps the service range",
  );
});

test.each([0, 31, 33, 24.5, Number.NaN])("a chunk prefix of /%d throws", (prefix) => {
  expect(() => new ClusterRange("10.244.0.0/16", prefix)).toThrow("BAD_ADDRESS  cluster range: ");
});

test("throws CIDR_EXHAUSTED without a free chunk, until the cluster grows", () => {
  const range = cluster("10.244.0.0/23");
  range.claim("node1");
  range.claim("node2");
  expect(() => range.claim("node3")).toThrow(
    /^CIDR_EXHAUSTED {2}node3: 10\.244\.0\.0\/23 has no free \/24 chunk/,
  );
  range.grow("10.245.0.0/16");
  expect(range.claim("node3").text).toBe("10.245.1.0/24");
  expect(() => range.grow("10.245.128.0/17")).toThrow("CIDR_OVERLAP");
});

test("the chunk of a removed node is free again", () => {
  const range = cluster("10.244.0.0/24");
  range.claim("node1");
  range.release("node1");
  expect(range.claim("node2").text).toBe("10.244.0.0/24");
});

test("law: chunks lie in the range and never overlap", () => {
  fc.assert(
    fc.property(fc.integer({ min: 18, max: 22 }), fc.integer({ min: 22, max: 26 }), (prefix, chunk) => {
      const range = cluster(`10.244.0.0/${prefix}`, chunk);
      const given = Array.from({ length: 2 ** (chunk - prefix) }, (_, i) => range.claim(`node${i}`));
      given.forEach((one, i) => {
        expect(range.ranges.some((whole) => contains(whole, one))).toBe(true);
        for (const other of given.slice(0, i)) expect(overlaps(one, other)).toBe(false);
      });
      expect(() => range.claim("one too many")).toThrow("CIDR_EXHAUSTED");
    }),
  );
});
