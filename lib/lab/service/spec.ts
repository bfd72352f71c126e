import { checkPort, LabError } from "../../engine";
import { checkLabels } from "../node/pod-spec";
import type { ServiceProtocol, TrafficPolicy } from "./model";

/** What a service is made from. */
export interface ServiceSpec {
  /** Labels that a pod must have to be an endpoint. */
  readonly selector: Readonly<Record<string, string>>;
  /** Port of the Cluster IP, 1-65535. */
  readonly port: number;
  /** Port that the pods listen on. Default: `port`. */
  readonly targetPort?: number;
  /** Default: `tcp`. */
  readonly protocol?: ServiceProtocol;
  /** Port on every node, 30000-32767; `true`: the next free one. Default: none. */
  readonly nodePort?: number | true;
  /** `ClientIP`: one client always gets the same endpoint, for three hours or as many seconds as are given. */
  readonly sessionAffinity?: "None" | "ClientIP" | { readonly seconds: number };
  /** An address of the service range. Default: the next free one. */
  readonly clusterIP?: string;
  readonly internalTrafficPolicy?: TrafficPolicy;
  readonly externalTrafficPolicy?: TrafficPolicy;
  /** Allows a selector that matches no pod yet. Default: false, so that a slip of the pen is found at once. */
  readonly allowEmpty?: boolean;
}

/** First and last port that a NodePort may have (`--service-node-port-range`). */
export const NODE_PORTS = { first: 30000, last: 32767 } as const;

/** Kubernetes' default for `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const AFFINITY_SECONDS = 10_800;

/** A day: what Kubernetes allows. */
const MOST_AFFINITY_SECONDS = 86_400;

/**
 * Returns `spec` when a service can be made from it.
 *
 * @throws LabError `BAD_PORT`, `BAD_NUMBER`, `BAD_NAME` for labels that cannot be, `SELECTOR_EMPTY` for a selector without labels.
 */
export function checkService(name: string, spec: ServiceSpec): ServiceSpec {
  checkPort(spec.port, name);
  checkPort(spec.targetPort ?? spec.port, name);
  checkLabels(spec.selector, name);
  const seconds = affinitySeconds(spec) ?? 1;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_AFFINITY_SECONDS) {
    throw new LabError("BAD_NUMBER", {
      where: name,
      found: `${seconds} seconds of session affinity`,
      advice: `Give a whole number from 1 to ${MOST_AFFINITY_SECONDS}, or "ClientIP" for three hours.`,
    });
  }
  const { nodePort } = spec;
  if (typeof nodePort === "number" && !isNodePort(nodePort)) {
    throw new LabError("BAD_PORT", {
      where: name,
      found: `${nodePort} is not a port for a NodePort`,
      advice: `It is a whole number from ${NODE_PORTS.first} to ${NODE_PORTS.last}, or true for the next free one.`,
    });
  }
  if (Object.keys(spec.selector).length > 0) return spec;
  throw new LabError("SELECTOR_EMPTY", {
    where: name,
    found: "the selector names no label, and would select nothing",
    advice: 'Name the labels that its pods have, as in { selector: { app: "web" } }.',
  });
}

/** Seconds of session affinity, or undefined where there is none. */
export function affinitySeconds(spec: ServiceSpec): number | undefined {
  const affinity = spec.sessionAffinity ?? "None";
  if (affinity === "None") return undefined;
  return affinity === "ClientIP" ? AFFINITY_SECONDS : affinity.seconds;
}

/** `app=web,tier=front` */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function isNodePort(port: number): boolean {
  return Number.isInteger(port) && port >= NODE_PORTS.first && port <= NODE_PORTS.last;
}
