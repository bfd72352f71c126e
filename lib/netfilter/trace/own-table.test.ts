import { type Flow, ownTables } from "./own-table";

const flow = (dst: string, more: Partial<Flow> = {}): Flow => ({
  family: "ipv4",
  src: "10.1.0.9",
  dst,
  protocol: "tcp",
  dport: 80,
  ...more,
});

const textOf = (flows: readonly Flow[], links: readonly string[] = []): string =>
  ownTables("wirebook-trace-1", flows, links)[0]?.text ?? "";

test("flows to several destinations are selected by one rule in each direction", () => {
  const text = textOf([flow("10.1.0.1"), flow("10.1.0.2")]);
  expect(text).toContain(
    "meta nfproto ipv4 ip saddr 10.1.0.9 ip daddr { 10.1.0.1, 10.1.0.2 } meta l4proto tcp tcp dport 80 meta nftrace set 1",
  );
  expect(text).toContain(
    "meta nfproto ipv4 ip saddr { 10.1.0.1, 10.1.0.2 } ip daddr 10.1.0.9 meta l4proto tcp tcp sport 80 meta nftrace set 1",
  );
});

test.each<[string, Flow]>([
  ["source", flow("10.1.0.2", { src: "10.1.0.8" })],
  ["protocol", flow("10.1.0.2", { protocol: "udp" })],
  ["port", flow("10.1.0.2", { dport: 81 })],
  ["family", { family: "ipv6", src: "fd00::9", dst: "fd00::2", protocol: "tcp", dport: 80 }],
])("flows that differ in their %s are selected by rules of their own", (_, other) => {
  const text = textOf([flow("10.1.0.1"), other]);
  expect(text).toContain(" daddr 10.1.0.1 ");
  expect(text).toContain(` daddr ${other.dst} `);
  expect(text).not.toContain("{ 10.1.0.1");
});

test("a flow to any destination is not joined with others, because it includes them", () => {
  const { dst: _, ...any } = flow("10.1.0.1");
  expect(textOf([any, flow("10.1.0.1")])).toContain("ip saddr 10.1.0.9 meta l4proto tcp tcp dport 80 meta");
});

test("the tables for as many endpoints as a /24 has fit into an argument of a program (128 KiB, execve(2))", () => {
  const flows = Array.from({ length: 253 }, (_, index) => flow(`10.244.${index >> 8}.${index & 255}`));
  const links = Array.from({ length: 253 }, (_, index) => `veth-web${index}`);
  expect(textOf(flows, links).length).toBeLessThan(128 * 1024);
});
