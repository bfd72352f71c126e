import { connectionCounts, serviceView } from "./counts";
import type { ServicePort } from "./model";
import { proxyRules } from "./rules/rules";

const port: ServicePort = {
  namespace: "default",
  name: "web",
  protocol: "tcp",
  clusterIP: "10.96.0.2",
  port: 80,
  endpoints: [2, 3].map((last) => ({ address: `10.244.1.${last}`, port: 8080, local: true })),
};

const dump = (packets: number) =>
  [
    "*nat",
    ...[...proxyRules([port]).nat].flatMap(([chain, body]) =>
      body.map((rule) => `[${packets}:60] -A ${chain} ${rule}`),
    ),
  ].join("\n");

test("connections are the packet counts of each endpoint's DNAT rule, summed over all nodes", () => {
  expect(connectionCounts(port, [dump(3), dump(4)])).toEqual({ "10.244.1.2:8080": 7, "10.244.1.3:8080": 7 });
});

test("a view contains the chains, and each endpoint with its probability and its pod", () => {
  const view = serviceView(port, { "10.244.1.2:8080": "web0 · node1" }, { "10.244.1.2:8080": 7 });
  expect(view.chains.map(({ chain }) => chain.slice(0, 9))).toEqual(["KUBE-SERV", "KUBE-SVC-"]);
  expect(view.endpoints.map(({ name, condition, counted }) => [name, condition, counted])).toEqual([
    ["web0 · node1", "1/2", 7],
    ["10.244.1.3:8080", "the rest", 0],
  ]);
});

test("the view of a service without endpoints contains REJECT", () => {
  const view = serviceView({ ...port, endpoints: [] }, {}, {});
  expect(view.endpoints).toEqual([{ probability: { numerator: 1n, denominator: 1n }, refused: "REJECT" }]);
});
