import ipaddr from "ipaddr.js";
import type { Endpoint, ProxyOptions, ServicePort } from "../model";
import {
  endpointChain,
  endpointText,
  type ServiceChains,
  serviceChains,
  servicePortName,
} from "./chain-name";
import type { RuleParts } from "./rule";
import type { RuleBuilder } from "./rule-builder";

const REJECT = "REJECT --reject-with icmp-port-unreachable";

/** Writes the rules of one service port, in the order of kube-proxy's syncProxyRules() (proxier.go). */
export class ServiceWriter {
  readonly #name: string;
  readonly #chains: ServiceChains;
  readonly #localEndpoints: readonly Endpoint[];
  readonly #internalLocal: boolean;
  readonly #externalLocal: boolean;
  readonly #external: boolean;

  constructor(
    private readonly builder: RuleBuilder,
    private readonly service: ServicePort,
    private readonly options: ProxyOptions,
    private readonly comments: boolean,
  ) {
    this.#name = servicePortName(service);
    this.#chains = serviceChains(service);
    this.#localEndpoints = service.endpoints.filter((endpoint) => endpoint.local);
    this.#internalLocal = service.internalTrafficPolicy === "Local";
    this.#externalLocal = service.externalTrafficPolicy === "Local";
    this.#external = service.nodePort !== undefined || this.#outsideAddresses().length > 0;
  }

  write(): void {
    const { endpoints } = this.service;
    this.#writeInternal();
    this.#writeOutside();
    if (endpoints.length === 0) return;
    if (this.#external) this.#writeExternalChain();
    if (this.#firewalled()) this.#writeFirewallChain();
    const usesCluster = !this.#internalLocal || this.#external;
    const usesLocal =
      (this.#internalLocal || (this.#externalLocal && this.#external)) && this.#localEndpoints.length > 0;
    if (usesCluster) this.#writeBalance(this.#chains.cluster, endpoints);
    if (usesLocal) this.#writeBalance(this.#chains.local, this.#localEndpoints);
    for (const endpoint of usesCluster ? endpoints : this.#localEndpoints) this.#writeEndpoint(endpoint);
  }

  #outsideAddresses(): readonly string[] {
    return [...(this.service.externalIPs ?? []), ...(this.service.loadBalancerIPs ?? [])];
  }

  #hasInternal(): boolean {
    return (this.#internalLocal ? this.#localEndpoints : this.service.endpoints).length > 0;
  }

  #hasExternal(): boolean {
    return (this.#externalLocal ? this.#localEndpoints : this.service.endpoints).length > 0;
  }

  #firewalled(): boolean {
    const { endpoints, loadBalancerIPs = [], loadBalancerSourceRanges = [] } = this.service;
    return endpoints.length > 0 && loadBalancerIPs.length > 0 && loadBalancerSourceRanges.length > 0;
  }

  /** The target for packets without an endpoint: REJECT if the service has none at all, DROP if it has no local one. */
  #noEndpointRule(): RuleParts {
    return this.service.endpoints.length === 0
      ? { comment: `${this.#name} has no endpoints`, target: REJECT }
      : { comment: `${this.#name} has no local endpoints`, target: "DROP" };
  }

  #to(destination: string): RuleParts {
    return { destination, protocol: this.service.protocol, port: this.service.port };
  }

  #writeInternal(): void {
    const to = this.#to(this.service.clusterIP);
    if (!this.#hasInternal()) {
      this.builder.add("filter", "KUBE-SERVICES", { ...to, ...this.#noEndpointRule() });
      return;
    }
    const chain = this.#internalLocal ? this.#chains.local : this.#chains.cluster;
    const comment = `${this.#name} cluster IP`;
    this.builder.add("nat", "KUBE-SERVICES", { ...to, comment, target: chain });
    this.builder.own(this.#name, chain);
    const { clusterCidr, masqueradeAll } = this.options;
    if (masqueradeAll) this.builder.add("nat", chain, { ...to, comment, target: "KUBE-MARK-MASQ" });
    else if (clusterCidr !== undefined)
      this.builder.add("nat", chain, { notSource: clusterCidr, ...to, comment, target: "KUBE-MARK-MASQ" });
  }

  #writeOutside(): void {
    const { service, builder } = this;
    const { external, firewall } = this.#chains;
    const alive = service.endpoints.length > 0;
    for (const address of service.externalIPs ?? []) {
      const to = this.#to(address);
      if (alive)
        builder.add("nat", "KUBE-SERVICES", {
          ...to,
          comment: `${this.#name} external IP`,
          target: external,
        });
      if (!this.#hasExternal())
        builder.add("filter", "KUBE-EXTERNAL-SERVICES", { ...to, ...this.#noEndpointRule() });
    }
    for (const address of service.loadBalancerIPs ?? []) {
      const to = this.#to(address);
      const target = this.#firewalled() ? firewall : external;
      if (alive)
        builder.add("nat", "KUBE-SERVICES", { ...to, comment: `${this.#name} loadbalancer IP`, target });
      if (this.#firewalled())
        builder.add("filter", "KUBE-PROXY-FIREWALL", {
          ...to,
          comment: `${this.#name} traffic not accepted by ${firewall}`,
          target: "DROP",
        });
      if (!this.#hasExternal())
        builder.add("filter", "KUBE-EXTERNAL-SERVICES", { ...to, ...this.#noEndpointRule() });
    }
    if (service.nodePort !== undefined) {
      const to: RuleParts = { protocol: service.protocol, port: service.nodePort };
      if (alive) builder.add("nat", "KUBE-NODEPORTS", { ...to, comment: this.#name, target: external });
      if (!this.#hasExternal())
        builder.add("filter", "KUBE-EXTERNAL-SERVICES", {
          ...to,
          ...this.#noEndpointRule(),
          matches: ["-m addrtype --dst-type LOCAL"],
        });
    }
    if (service.healthCheckNodePort !== undefined)
      builder.add("filter", "KUBE-NODEPORTS", {
        protocol: "tcp",
        port: service.healthCheckNodePort,
        comment: `${this.#name} health check node port`,
        target: "ACCEPT",
      });
  }

  #writeExternalChain(): void {
    const { builder, options } = this;
    const { cluster, local, external } = this.#chains;
    builder.own(this.#name, external);
    const fromNode = ["-m addrtype --src-type LOCAL"];
    if (!this.#externalLocal) {
      builder.add("nat", external, {
        comment: `masquerade traffic for ${this.#name} external destinations`,
        target: "KUBE-MARK-MASQ",
      });
    } else {
      if (options.clusterCidr !== undefined)
        builder.add("nat", external, {
          source: options.clusterCidr,
          comment: `pod traffic for ${this.#name} external destinations`,
          target: cluster,
        });
      builder.add("nat", external, {
        comment: `masquerade LOCAL traffic for ${this.#name} external destinations`,
        matches: fromNode,
        target: "KUBE-MARK-MASQ",
      });
      builder.add("nat", external, {
        comment: `route LOCAL traffic for ${this.#name} external destinations`,
        matches: fromNode,
        target: cluster,
      });
    }
    if (this.#hasExternal()) builder.add("nat", external, { target: this.#externalLocal ? local : cluster });
  }

  #writeFirewallChain(): void {
    const { builder, options, service } = this;
    const { external, firewall } = this.#chains;
    const comment = `${this.#name} loadbalancer IP`;
    builder.own(this.#name, firewall);
    let nodeAllowed = false;
    for (const source of service.loadBalancerSourceRanges ?? []) {
      builder.add("nat", firewall, { source, comment, target: external });
      if (options.nodeIP !== undefined && ipaddr.parse(options.nodeIP).match(ipaddr.parseCIDR(source)))
        nodeAllowed = true;
    }
    // A node that has the load balancer's address itself also uses it as the source of packets to this address, so accept them.
    if (nodeAllowed)
      for (const source of service.loadBalancerIPs ?? [])
        builder.add("nat", firewall, { source, comment, target: external });
    builder.add("nat", firewall, {
      comment: `other traffic to ${this.#name} will be dropped by KUBE-PROXY-FIREWALL`,
    });
  }

  #writeBalance(chain: string, endpoints: readonly Endpoint[]): void {
    this.builder.own(this.#name, chain);
    const seconds = this.service.affinitySeconds;
    const rule = (endpoint: Endpoint, matches: readonly string[]): void => {
      const target = endpointChain(this.service, endpoint);
      const comment = `${this.#name} -> ${endpointText(endpoint)}`;
      this.builder.add("nat", chain, { ...(this.comments && { comment }), matches, target });
    };
    if (seconds !== undefined)
      for (const endpoint of endpoints) {
        const list = recentList(endpointChain(this.service, endpoint));
        rule(endpoint, [`-m recent --rcheck --seconds ${seconds} --reap ${list}`]);
      }
    endpoints.forEach((endpoint, index) => {
      const left = endpoints.length - index;
      rule(
        endpoint,
        left === 1 ? [] : [`-m statistic --mode random --probability ${(1 / left).toFixed(10)}`],
      );
    });
  }

  #writeEndpoint(endpoint: Endpoint): void {
    const chain = endpointChain(this.service, endpoint);
    const comment = this.comments ? { comment: this.#name } : {};
    this.builder.own(this.#name, chain);
    // Hairpin: a pod that connects to itself through its service must not see its own address as the client's.
    this.builder.add("nat", chain, { source: endpoint.address, ...comment, target: "KUBE-MARK-MASQ" });
    this.builder.add("nat", chain, {
      protocol: this.service.protocol,
      ...comment,
      ...(this.service.affinitySeconds !== undefined && {
        matches: [`-m recent --set ${recentList(chain)}`],
      }),
      target: `DNAT --to-destination ${endpointText(endpoint)}`,
    });
  }
}

function recentList(name: string): string {
  return `--name ${name} --mask 255.255.255.255 --rsource`;
}
