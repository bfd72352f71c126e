/**
 * The state of a server of a reverse proxy.
 *
 * @example
 * import type { ServerState } from "wirebook";
 * // proxy.servers() returns these.
 * const failed = (servers: readonly ServerState[]): readonly string[] =>
 *   servers.filter(({ state }) => state === "DOWN").map(({ name, check }) => `${name}: ${check}`);
 */
export interface ServerState {
  readonly name: string;
  /** Name of its backend in the configuration. */
  readonly backend: string;
  readonly state: "UP" | "DOWN" | "UNCHECKED";
  /** Result of the last check: `L4OK`, `L4CON` (refused), `L7STS` (a bad status). Empty without checks. */
  readonly check: string;
  /** Number of requests (in mode tcp: connections) sent to it. */
  readonly requests: number;
}

/** Parses the output of HAProxy's `show stat`: CSV with column names in the first line (Management Guide, 9.1). */
export function readServers(csv: string): readonly ServerState[] {
  const [head = "", ...rows] = csv.split("\n");
  const columns = head.replace(/^# /, "").split(",");
  return rows.flatMap((row) => {
    const cells = row.split(",");
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? "";
    const name = cell("svname");
    if (name === "" || name === "FRONTEND" || name === "BACKEND") return [];
    const status = cell("status");
    const state = /^no check/.test(status) ? "UNCHECKED" : /^(?:UP|NOLB)/.test(status) ? "UP" : "DOWN";
    const check = cell("check_status").replace(/^\* /, "");
    return [{ name, backend: cell("pxname"), state, check, requests: Number(cell("stot")) }];
  });
}
