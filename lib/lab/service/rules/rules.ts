import type { ProxyOptions, ServicePort } from "../model";
import { type ProxyRules, RuleBuilder } from "./rule-builder";
import { ServiceWriter } from "./writer";

export type { Chains, ProxyRules } from "./rule-builder";

const MARK = "0x4000/0x4000";
/** With more endpoints than this, kube-proxy omits comments to save space (proxier.go, largeClusterMode). */
const LARGE_CLUSTER = 1000;

/**
 * Returns the rules that kube-proxy in iptables mode writes for these services.
 *
 * Source: pkg/proxy/iptables/proxier.go of Kubernetes 1.28.
 *
 * @param services - all service ports of the cluster with their ready endpoints, from the view of this node.
 * @param options - options of kube-proxy. Default: no cluster CIDR, `--random-fully`, NodePorts on localhost.
 */
export function proxyRules(services: readonly ServicePort[], options: ProxyOptions = {}): ProxyRules {
  const builder = new RuleBuilder();
  const endpoints = services.reduce((sum, service) => sum + service.endpoints.length, 0);
  for (const chain of [
    "KUBE-SERVICES",
    "KUBE-EXTERNAL-SERVICES",
    "KUBE-FORWARD",
    "KUBE-NODEPORTS",
    "KUBE-PROXY-FIREWALL",
  ])
    builder.open("filter", chain);
  for (const chain of ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"])
    builder.open("nat", chain);
  writeMasquerade(builder, options);
  for (const service of services)
    new ServiceWriter(builder, service, options, endpoints <= LARGE_CLUSTER).write();
  writeEnd(builder, options);
  return builder;
}

function writeMasquerade(builder: RuleBuilder, options: ProxyOptions): void {
  // Only marked packets are masqueraded. The mark is cleared, so that it happens only once.
  builder.add("nat", "KUBE-POSTROUTING", { matches: [`-m mark ! --mark ${MARK}`], target: "RETURN" });
  builder.add("nat", "KUBE-POSTROUTING", { target: "MARK --set-xmark 0x4000/0x0" });
  builder.add("nat", "KUBE-POSTROUTING", {
    comment: "kubernetes service traffic requiring SNAT",
    target: options.randomFully === false ? "MASQUERADE" : "MASQUERADE --random-fully",
  });
  builder.add("nat", "KUBE-MARK-MASQ", { target: `MARK --set-xmark ${MARK}` });
  if (options.localhostNodePorts === false) return;
  // NodePorts on localhost need route_localnet, which also lets neighbours send packets to 127/8: kubernetes issue 90259.
  builder.add("filter", "KUBE-FIREWALL", {
    notSource: "127.0.0.0/8",
    destination: "127.0.0.0/8",
    comment: "block incoming localnet connections",
    matches: ["-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT"],
    target: "DROP",
  });
}

function writeEnd(builder: RuleBuilder, options: ProxyOptions): void {
  builder.add("nat", "KUBE-SERVICES", {
    ...(options.localhostNodePorts === false && { notDestination: "127.0.0.0/8" }),
    comment: "kubernetes service nodeports; NOTE: this must be the last rule in this chain",
    matches: ["-m addrtype --dst-type LOCAL"],
    target: "KUBE-NODEPORTS",
  });
  builder.add("filter", "KUBE-FORWARD", { matches: ["-m conntrack --ctstate INVALID"], target: "DROP" });
  builder.add("filter", "KUBE-FORWARD", {
    comment: "kubernetes forwarding rules",
    matches: [`-m mark --mark ${MARK}`],
    target: "ACCEPT",
  });
  builder.add("filter", "KUBE-FORWARD", {
    comment: "kubernetes forwarding conntrack rule",
    matches: ["-m conntrack --ctstate RELATED,ESTABLISHED"],
    target: "ACCEPT",
  });
}
