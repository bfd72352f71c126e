import type { ServicePort } from "./model";
import { staleUdpFlows } from "./stale-udp-flows";

const dns = (protocol: "tcp" | "udp", ...pods: readonly number[]): ServicePort => ({
  ...{ namespace: "default", name: "dns", protocol, clusterIP: "10.96.0.10", port: 53, nodePort: 30053 },
  endpoints: pods.map((last) => ({ address: `10.244.1.${last}`, port: 53, local: true })),
});

test("UDP: what went to an endpoint that is gone is forgotten", () => {
  expect(staleUdpFlows([dns("udp", 2, 3)], [dns("udp", 2)])).toEqual([
    "conntrack -D -p udp --orig-dst 10.96.0.10 --dst-nat 10.244.1.3",
  ]);
  expect(staleUdpFlows([dns("udp", 2)], [])).toHaveLength(1);
});

test("UDP: what was refused is forgotten once there is an endpoint", () => {
  expect(staleUdpFlows([dns("udp")], [dns("udp", 2)])).toEqual([
    "conntrack -D -p udp --orig-dst 10.96.0.10",
    "conntrack -D -p udp --orig-port-dst 30053",
  ]);
});

test("a further endpoint leaves all connections where they are, and TCP is never touched", () => {
  expect(staleUdpFlows([dns("udp", 2)], [dns("udp", 2, 3)])).toEqual([]);
  expect(staleUdpFlows([dns("tcp", 2, 3)], [dns("tcp")])).toEqual([]);
});
