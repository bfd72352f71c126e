import type { ServicePort } from "./model";
import { staleUdpFlows } from "./stale-udp-flows";

const dns = (protocol: "tcp" | "udp", ...pods: readonly number[]): ServicePort => ({
  ...{ namespace: "default", name: "dns", protocol, clusterIP: "10.96.0.10", port: 53, nodePort: 30053 },
  endpoints: pods.map((last) => ({ address: `10.244.1.${last}`, port: 53, local: true })),
});

test("UDP: deletes the flows to a removed endpoint", () => {
  expect(staleUdpFlows([dns("udp", 2, 3)], [dns("udp", 2)])).toEqual([
    "conntrack -D -p udp --orig-dst 10.96.0.10 --dst-nat 10.244.1.3",
  ]);
  expect(staleUdpFlows([dns("udp", 2)], [])).toHaveLength(1);
});

test("UDP: deletes the flows that were rejected when the first endpoint appears", () => {
  expect(staleUdpFlows([dns("udp")], [dns("udp", 2)])).toEqual([
    "conntrack -D -p udp --orig-dst 10.96.0.10",
    "conntrack -D -p udp --orig-port-dst 30053",
  ]);
});

test("keeps all flows when an endpoint is added, and TCP connections always", () => {
  expect(staleUdpFlows([dns("udp", 2)], [dns("udp", 2, 3)])).toEqual([]);
  expect(staleUdpFlows([dns("tcp", 2, 3)], [dns("tcp")])).toEqual([]);
});
