import type { ServicePort } from "./model";
import { servicePortName } from "./rules/chain-name";

/**
 * Returns the commands that delete stale conntrack entries after the rules changed. This is needed only for UDP, because
 * conntrack can't detect the end of a UDP flow: while a client keeps sending from the same port, its packets would still
 * go to a removed endpoint, or not go to a new one. TCP connections are not deleted.
 *
 * Source: pkg/proxy/conntrack/cleanup.go of Kubernetes 1.28.
 */
export function staleUdpFlows(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
): readonly string[] {
  const now = new Map(after.map((service) => [key(service), service]));
  const was = new Map(before.map((service) => [key(service), service]));
  const commands: string[] = [];
  for (const [name, old] of was) {
    if (old.protocol !== "udp") continue;
    const left = new Set(now.get(name)?.endpoints.map(({ address }) => address));
    for (const { address } of old.endpoints)
      if (!left.has(address))
        commands.push(`conntrack -D -p udp --orig-dst ${old.clusterIP} --dst-nat ${address}`);
  }
  for (const [name, service] of now) {
    const { protocol, endpoints, clusterIP, nodePort } = service;
    const gotFirstEndpoint = endpoints.length > 0 && (was.get(name)?.endpoints.length ?? 0) === 0;
    if (protocol !== "udp" || !gotFirstEndpoint) continue;
    commands.push(`conntrack -D -p udp --orig-dst ${clusterIP}`);
    if (nodePort !== undefined) commands.push(`conntrack -D -p udp --orig-port-dst ${nodePort}`);
  }
  return commands;
}

function key(service: ServicePort): string {
  return `${servicePortName(service)}/${service.protocol}/${service.clusterIP}`;
}
