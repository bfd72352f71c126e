import { checkPort, LabError } from "../../engine";

/** How a node finds out whether a pod can take requests, as Kubernetes' readiness probes do. */
export type Readiness =
  /** Ready while a TCP connection to this port is accepted. */
  | { readonly tcp: number; readonly everyMs?: number }
  /** Ready while `GET` of this path on this port is answered with a status from 200 to 399. */
  | { readonly http: string; readonly port: number; readonly everyMs?: number };

/** Default time between two questions, in milliseconds: short, so that a rule follows within half a second. */
export const PROBE_EVERY_MS = 150;

/**
 * Returns `readiness` when a probe can be made of it.
 *
 * @throws LabError `BAD_PORT`, or `BAD_ADDRESS` for a path that does not begin with a slash.
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
      found: `${JSON.stringify(readiness.http)} is not a path that can be asked for`,
      advice: 'A path begins with a slash and has no spaces: { http: "/ready", port: 8080 }.',
    });
  }
  return readiness;
}

/** One line for the prober: `add NAME ADDRESS PORT PATH SECONDS`; a path of `-` asks for a connection only. */
export function probeLine(name: string, address: string, readiness: Readiness): string {
  const seconds = ((readiness.everyMs ?? PROBE_EVERY_MS) / 1000).toFixed(3);
  const [port, path] = "tcp" in readiness ? [readiness.tcp, "-"] : [readiness.port, readiness.http];
  return `add ${name} ${address} ${port} ${path} ${seconds}\n`;
}
