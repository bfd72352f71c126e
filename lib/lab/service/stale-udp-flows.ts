import { servicePortName } from "./chain-name";
import type { ServicePort } from "./model";

/**
 * The connections that have to be forgotten after the rules changed, as commands. Only UDP: it has no end that the kernel
 * could see, so a client that keeps its port would be sent to an endpoint that is gone, or past one that has come, for as
 * long as it keeps talking. TCP connections live or end by themselves and are not touched.
 *
 * Followed: pkg/proxy/conntrack/cleanup.go of Kubernetes 1.28.
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
    const awoke = endpoints.length > 0 && (was.get(name)?.endpoints.length ?? 0) === 0;
    if (protocol !== "udp" || !awoke) continue;
    commands.push(`conntrack -D -p udp --orig-dst ${clusterIP}`);
    if (nodePort !== undefined) commands.push(`conntrack -D -p udp --orig-port-dst ${nodePort}`);
  }
  return commands;
}

function key(service: ServicePort): string {
  return `${servicePortName(service)}/${service.protocol}/${service.clusterIP}`;
}
