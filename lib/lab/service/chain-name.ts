import { createHash } from "node:crypto";
import type { Endpoint, ServicePort } from "./model";

/** `namespace/name`, and `:port` where the port has a name: what kube-proxy hashes and writes in comments. */
export function servicePortName(service: ServicePort): string {
  const port = service.portName === undefined || service.portName === "" ? "" : `:${service.portName}`;
  return `${service.namespace}/${service.name}${port}`;
}

/**
 * Names of the chains that one service port has.
 *
 * A chain's name may have 28 characters, so kube-proxy takes the first 16 of the base32 of a SHA-256
 * (pkg/proxy/iptables/proxier.go, portProtoHash).
 */
export interface ServiceChains {
  /** All endpoints of the cluster. */
  readonly cluster: string;
  /** Endpoints on this node. */
  readonly local: string;
  /** What comes from outside: NodePort, external and load balancer addresses. */
  readonly external: string;
  /** Source ranges of the load balancer. */
  readonly firewall: string;
}

export function serviceChains(service: ServicePort): ServiceChains {
  const hash = shortHash(servicePortName(service) + service.protocol);
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
  };
}

/** `10.0.1.1:80` */
export function endpointText(endpoint: Pick<Endpoint, "address" | "port">): string {
  return `${endpoint.address}:${endpoint.port}`;
}

/** Name of the chain that rewrites the destination to one endpoint. */
export function endpointChain(service: ServicePort, endpoint: Pick<Endpoint, "address" | "port">): string {
  return `KUBE-SEP-${shortHash(servicePortName(service) + service.protocol + endpointText(endpoint))}`;
}

/** True for the chains that belong to one service or endpoint, and go away with it. */
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
