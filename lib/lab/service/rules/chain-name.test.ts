import type { ServicePort } from "../model";
import { endpointChain, isServiceChain, serviceChains, servicePortName } from "./chain-name";

const port = (
  namespace: string,
  name: string,
  portName: string,
  protocol: "tcp" | "udp" = "tcp",
): ServicePort => ({ namespace, name, portName, protocol, clusterIP: "10.96.0.1", port: 443, endpoints: [] });

// These names are in the iptables-save output of every Kubernetes cluster: they depend only on namespace, name, port name
// and protocol.
test.each([
  ["KUBE-SVC-NPX46M4PTMTKRN6Y", port("default", "kubernetes", "https")],
  ["KUBE-SVC-TCOU7JCQXEZGVUNU", port("kube-system", "kube-dns", "dns", "udp")],
  ["KUBE-SVC-ERIFXISQEP7F7OF4", port("kube-system", "kube-dns", "dns-tcp")],
  ["KUBE-SVC-JD5MR3NA4I4DYORP", port("kube-system", "kube-dns", "metrics")],
])("%s is the same as in every cluster", (chain, service) => {
  expect(serviceChains(service).cluster).toBe(chain);
});

test("a port without a name adds no colon", () => {
  expect(servicePortName(port("default", "web", ""))).toBe("default/web");
});

test("an endpoint's chain depends on its address and port", () => {
  const web = port("default", "web", "");
  const one = endpointChain(web, { address: "10.244.1.2", port: 80 });
  expect(one).toMatch(/^KUBE-SEP-[A-Z2-7]{16}$/);
  expect(endpointChain(web, { address: "10.244.1.2", port: 81 })).not.toBe(one);
  expect(isServiceChain(one)).toBe(true);
  expect(isServiceChain("KUBE-SERVICES")).toBe(false);
});
