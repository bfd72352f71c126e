/** What a reverse proxy holds of one server. */
export interface ServerState {
  readonly name: string;
  /** Where it stands in the configuration. */
  readonly backend: string;
  readonly state: "UP" | "DOWN" | "UNCHECKED";
  /** What the last check said: `L4OK`, `L4CON` (refused), `L7STS` (a bad status). Empty without checks. */
  readonly check: string;
  /** Requests (in mode tcp: connections) it was given. */
  readonly requests: number;
}

/** Reads `show stat` of HAProxy (Management Guide, 9.1): comma-separated, the names of the columns in the first line. */
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
