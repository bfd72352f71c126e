import { parseCidr } from "../cidr/cidr";
import { ClusterRanges } from "./ranges";

const machines = parseCidr("172.30.0.0/24", "lab");
const used = { machines: 3, chunk: () => 2 };

test("uses another default range if the lab network overlaps the first", () => {
  const crowded = new ClusterRanges(parseCidr("10.244.7.0/24", "lab"), {});
  expect(crowded.pods.ranges.map(({ text }) => text)).toEqual(["10.245.0.0/16"]);
});

test.each([
  [
    { podRange: "172.30.0.0/16" },
    "cluster range: 172.30.0.0/16 overlaps the network of the nodes (172.30.0.0/24)",
  ],
  [{ serviceRange: "172.30.0.0/25" }, "service range: 172.30.0.0/25 overlaps the network of the nodes"],
  [{ podRange: "10.0.0.0/8" }, "cluster range: 10.0.0.0/8 overlaps the service range (10.96.0.0/16)"],
])("%j throws CIDR_OVERLAP: %s", (options, why) => {
  expect(() => new ClusterRanges(machines, options)).toThrow(`CIDR_OVERLAP  ${why}`);
});

test("a view contains every range once; chunks and planned ranges name the range that contains them", () => {
  const ranges = new ClusterRanges(machines, {});
  ranges.pods.claim("node1");
  const view = ranges.view(used, { node2: "10.244.1.128/25", far: "192.168.0.0/24" });
  expect(view.map(({ name, within }) => [name, within])).toEqual([
    ["machines", undefined],
    ["pods", undefined],
    ["node1", "pods"],
    ["services", undefined],
    ["node2", "pods"],
    ["far", undefined],
  ]);
});
