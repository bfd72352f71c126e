import { checkPort, LabError } from "../../engine";
import { checkLabels } from "../pod/spec/node-pod-spec";
import type { ServiceProtocol, TrafficPolicy } from "./model";

/**
 * Options of a service.
 *
 * @example
 * import type { ServiceSpec } from "wirebook";
 * // For lab.service(name, spec): clients keep their endpoint for a minute.
 * const spec: ServiceSpec = {
 *   selector: { app: "web" }, port: 80, targetPort: 8080, nodePort: 30080, sessionAffinity: { seconds: 60 },
 * };
 */
export interface ServiceSpec {
  /** Labels that a pod must have to be an endpoint. At least one. */
  readonly selector: Readonly<Record<string, string>>;
  /** Port of the Cluster IP, 1-65535. */
  readonly port: number;
  /** Port that the pods listen on. Default: `port`. */
  readonly targetPort?: number;
  /** Default: `tcp`. */
  readonly protocol?: ServiceProtocol;
  /** Port on the addresses of every node, 30000-32767; `true`: the next free one. Default: none. */
  readonly nodePort?: number | true;
  /** `ClientIP`: a client gets the same endpoint for 10,800 s or the given number of seconds. Default: `None`. */
  readonly sessionAffinity?: "None" | "ClientIP" | { readonly seconds: number };
  /** An address of the service range. Default: the next free one. */
  readonly clusterIP?: string;
  /** Endpoints for connections to the Cluster IP. Default: `Cluster`. */
  readonly internalTrafficPolicy?: TrafficPolicy;
  /** Endpoints for connections to the NodePort. Default: `Cluster`. */
  readonly externalTrafficPolicy?: TrafficPolicy;
  /** Allows a selector that matches no pod yet. Default: false, so that typos are found immediately. */
  readonly allowEmpty?: boolean;
}

/** The default range of NodePorts (`--service-node-port-range` of kube-apiserver). */
export const NODE_PORTS = { first: 30000, last: 32767 } as const;

/** Kubernetes' default for `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const AFFINITY_SECONDS = 10_800;

/** The maximum that Kubernetes allows: one day. */
const MAX_AFFINITY_SECONDS = 86_400;

/**
 * Returns `spec` if it is valid.
 *
 * @throws LabError `BAD_PORT`, `BAD_NUMBER`, `BAD_NAME` for invalid labels, `SELECTOR_EMPTY` for a selector without labels.
 */
export function checkService(name: string, spec: ServiceSpec): ServiceSpec {
  checkPort(spec.port, name);
  checkPort(spec.targetPort ?? spec.port, name);
  checkLabels(spec.selector, name);
  const seconds = affinitySeconds(spec) ?? 1;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_AFFINITY_SECONDS) {
    throw new LabError("BAD_NUMBER", {
      where: name,
      found: `${seconds} is not a valid number of seconds for session affinity`,
      advice: `Use a whole number from 1 to ${MAX_AFFINITY_SECONDS}, or "ClientIP" for three hours.`,
    });
  }
  const { nodePort } = spec;
  if (typeof nodePort === "number" && !isNodePort(nodePort)) {
    throw new LabError("BAD_PORT", {
      where: name,
      found: `${nodePort} is not a valid NodePort`,
      advice: `Use a whole number from ${NODE_PORTS.first} to ${NODE_PORTS.last}, or true for the next free port.`,
    });
  }
  if (Object.keys(spec.selector).length > 0) return spec;
  throw new LabError("SELECTOR_EMPTY", {
    where: name,
    found: "the selector has no labels, and would select nothing",
    advice: 'Use the labels of its pods, as in { selector: { app: "web" } }.',
  });
}

/** Returns the duration of session affinity in seconds, or undefined if there is none. */
export function affinitySeconds(spec: ServiceSpec): number | undefined {
  const affinity = spec.sessionAffinity ?? "None";
  if (affinity === "None") return undefined;
  return affinity === "ClientIP" ? AFFINITY_SECONDS : affinity.seconds;
}

/** Returns a selector as text: `app=web,tier=front`. */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function isNodePort(port: number): boolean {
  return Number.isInteger(port) && port >= NODE_PORTS.first && port <= NODE_PORTS.last;
}
