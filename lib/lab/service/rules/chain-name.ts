import { createHash } from "node:crypto";
import type { Endpoint, ServicePort } from "../model";

/** Returns `namespace/name`, with `:port` if the port has a name. kube-proxy hashes it and uses it in comments. */
export function servicePortName(service: ServicePort): string {
  const port = service.portName === undefined || service.portName === "" ? "" : `:${service.portName}`;
  return `${service.namespace}/${service.name}${port}`;
}

/**
 * The names of the chains of one service port.
 *
 * A chain name has at most 28 characters, so kube-proxy uses the first 16 characters of a SHA-256 in base32
 * (pkg/proxy/iptables/proxier.go, portProtoHash).
 */
export interface ServiceChains {
  /** All endpoints of the cluster. */
  readonly cluster: string;
  /** Endpoints on this node. */
  readonly local: string;
  /** Traffic from outside: to NodePort, external and load balancer addresses. */
  readonly external: string;
  /** Source ranges of the load balancer. */
  readonly firewall: string;
}

/** Returns the chain names of a service port. */
export function serviceChains(service: ServicePort): ServiceChains {
  const hash = shortHash(servicePortName(service) + service.protocol);
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
  };
}

/** Returns `ADDRESS:PORT`: `10.0.1.1:80`. */
export function endpointText(endpoint: Pick<Endpoint, "address" | "port">): string {
  return `${endpoint.address}:${endpoint.port}`;
}

/** Returns the name of the chain that rewrites the destination to one endpoint. */
export function endpointChain(service: ServicePort, endpoint: Pick<Endpoint, "address" | "port">): string {
  return `KUBE-SEP-${shortHash(servicePortName(service) + service.protocol + endpointText(endpoint))}`;
}

/** Returns true for the chains that belong to one service or endpoint, and are deleted with it. */
export function isServiceChain(name: string): boolean {
  return /^KUBE-(SVC|SVL|EXT|FW|SEP)-/.test(name);
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** First 16 characters of RFC 4648 base32 over SHA-256: exactly its first ten bytes. */
function shortHash(text: string): string {
  const tenBytes = createHash("sha256").update(text).digest("hex").slice(0, 20);
  const digits = BigInt(`0x${tenBytes}`).toString(32).padStart(16, "0");
  return Array.from(digits, (digit) => ALPHABET.charAt(Number.parseInt(digit, 32))).join("");
}
