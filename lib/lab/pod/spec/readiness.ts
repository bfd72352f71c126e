import { checkPort, LabError } from "../../../engine";

/**
 * How a node finds out whether a pod can accept requests, like Kubernetes' readiness probes
 * (kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes). `everyMs` is the time between two
 * probes. Default: 150.
 *
 * @example
 * import type { Readiness } from "wirebook";
 * // For node.pod(name, { readiness }).
 * const readiness: Readiness = { http: "/ready", port: 8080, everyMs: 500 };
 */
export type Readiness =
  /** Ready while the pod accepts TCP connections on this port. */
  | { readonly tcp: number; readonly everyMs?: number }
  /** Ready while the response to `GET` of this path on this port has a status from 200 to 399. */
  | { readonly http: string; readonly port: number; readonly everyMs?: number };

/** Default time between two probes. Short, so that the rules are updated within half a second. */
const PROBE_EVERY_MS = 150;

/**
 * Returns `readiness` if it is valid.
 *
 * @throws LabError `BAD_PORT`, or `BAD_ADDRESS` for a path that doesn't start with a slash or contains spaces.
 */
export function checkReadiness(readiness: Readiness, where: string): Readiness {
  if ("tcp" in readiness) {
    checkPort(readiness.tcp, where);
    return readiness;
  }
  checkPort(readiness.port, where);
  if (!/^\/[\x21-\x7e]*$/.test(readiness.http)) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${JSON.stringify(readiness.http)} is not a valid path`,
      advice: 'A path starts with a slash and has no spaces: { http: "/ready", port: 8080 }.',
    });
  }
  return readiness;
}

/** Returns the command for the prober: `add NAME ADDRESS PORT PATH SECONDS`. With the path `-` it only connects. */
export function probeLine(name: string, address: string, readiness: Readiness): string {
  const seconds = ((readiness.everyMs ?? PROBE_EVERY_MS) / 1000).toFixed(3);
  const [port, path] = "tcp" in readiness ? [readiness.tcp, "-"] : [readiness.port, readiness.http];
  return `add ${name} ${address} ${port} ${path} ${seconds}\n`;
}
