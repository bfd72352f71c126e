import type { ServiceView } from "../../chart/service";
import type { ServicePort } from "./model";
import { endpointChain, endpointText, serviceChains } from "./rules/chain-name";
import { savedRules } from "./rules/saved-rules";

/** Number of connections to each endpoint, under the endpoint's address and port, such as `10.244.1.3:8080`. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Reads the number of connections to each endpoint from the packet counters. Only the first packet of a connection
 * traverses the nat table, so the counter of the DNAT rule in an endpoint's chain is the number of connections. It starts
 * at zero whenever the chain is written again.
 *
 * @param dumps - `iptables-save -c` of every node.
 */
export function connectionCounts(port: ServicePort, dumps: readonly string[]): Counts {
  const rules = dumps.flatMap((dump) => savedRules(dump)).filter(({ table }) => table === "nat");
  return Object.fromEntries(
    port.endpoints.map((endpoint) => {
      const chain = endpointChain(port, endpoint);
      const dnat = rules.filter((rule) => rule.chain === chain && rule.rule.includes("-j DNAT "));
      return [endpointText(endpoint), dnat.reduce((sum, { packets }) => sum + packets, 0)];
    }),
  );
}

/** Returns the data of a service picture: the chains from the Cluster IP to the endpoints, and each one's probability. */
export function serviceView(
  port: ServicePort,
  pods: Readonly<Record<string, string>>,
  counts: Counts,
): ServiceView {
  const { endpoints } = port;
  const address = `${port.clusterIP}:${port.port}`;
  const entry = {
    chain: "KUBE-SERVICES",
    says: `-d ${port.clusterIP}/32 -p ${port.protocol} --dport ${port.port}`,
  };
  const what = { name: port.name, address };
  if (endpoints.length === 0) {
    const refused = { probability: { numerator: 1n, denominator: 1n }, refused: "REJECT" };
    const notes = [
      "no pod is ready: the filter table rejects connections, so clients don't wait for a timeout",
    ];
    return { ...what, chains: [{ ...entry, chain: "KUBE-SERVICES (filter)" }], endpoints: [refused], notes };
  }
  const count = endpoints.length === 1 ? "1 endpoint" : `${endpoints.length} endpoints`;
  return {
    ...what,
    chains: [entry, { chain: serviceChains(port).cluster, says: `default/${port.name}, ${count}` }],
    endpoints: endpoints.map((endpoint, index) => {
      const left = endpoints.length - index;
      const key = endpointText(endpoint);
      return {
        address: key,
        chain: endpointChain(port, endpoint),
        name: pods[key] ?? key,
        probability: { numerator: 1n, denominator: BigInt(endpoints.length) },
        condition: left === 1 ? "the rest" : index === 0 ? `1/${left}` : `1/${left} of the rest`,
        counted: counts[key] ?? 0,
      };
    }),
  };
}
