import type { Hook } from "../../netfilter/model";
import type { NamespaceVisit, Row } from "./row";

/** A station in a namespace: a hook, a routing decision, or the process that sends or receives. */
export type Station = Hook | "routing" | "routing out" | "process";

/** Returns the station of a row. If the packet did not come in, a routing decision is the one before OUTPUT. */
export function stationOf(row: Row, cameIn: boolean): Station {
  switch (row.kind) {
    case "unmatched":
    case "idle":
      return row.hook;
    case "routing":
      return cameIn ? "routing" : "routing out";
    case "link":
    case "end":
      return "process";
    default:
      return row.step.hook;
  }
}

export interface StationSequence {
  readonly stations: readonly Station[];
  readonly from?: string;
  readonly to?: string;
  readonly delivered: boolean;
}

/**
 * Returns the stations of one visit in order, and the interfaces where it begins and ends. Includes hooks without tables:
 * the packet passes them, although there is no step for them.
 */
export function stationSequence(visit: NamespaceVisit): StationSequence {
  const hooks = visit.rows.flatMap((row) =>
    "hook" in row ? [row.hook] : "hook" in row.step ? [row.step.hook] : [],
  );
  const decisions = visit.rows.flatMap((row) => (row.kind === "routing" ? [row.step] : []));
  const cameIn =
    visit.entered !== undefined ||
    hooks[0] === "PREROUTING" ||
    (hooks[0] !== "OUTPUT" && decisions[0] !== undefined && decisions[0].decision !== "out");
  const stations: Station[] = [cameIn ? "PREROUTING" : "process"];
  const add = (station: Station) => {
    if (stations.at(-1) !== station && !(station === "routing out" && stations.includes("OUTPUT")))
      stations.push(station);
  };
  for (const row of visit.rows) {
    if (row.kind === "link" || row.kind === "end") continue;
    add(stationOf(row, cameIn));
  }
  const last = visit.rows.at(-1);
  const stopped = stopsHere(last) && visit.left === undefined;
  const decision = decisions.at(-1)?.decision;
  if (!stopped && decision === "forward")
    for (const station of ["FORWARD", "POSTROUTING"] as const) fill(stations, station);
  if (!stopped && decision === "out")
    for (const station of ["OUTPUT", "POSTROUTING"] as const) fill(stations, station);
  if (!stopped && decision === "local" && cameIn) fill(stations, "INPUT");
  const delivered = !stopped && stations.at(-1) === "INPUT";
  if (delivered) stations.push("process");
  const out = decisions.reduce<string | undefined>((name, step) => step.out ?? name, undefined);
  const from = visit.entered?.to.link;
  const to = visit.left?.from.link ?? (stations.at(-1) === "POSTROUTING" ? out : undefined);
  return { stations, ...(from ? { from } : {}), ...(to ? { to } : {}), delivered };
}

/** Adds a station without steps, before POSTROUTING if that exists already. */
function fill(stations: Station[], station: Station): void {
  if (stations.includes(station)) return;
  const at = stations.indexOf("POSTROUTING");
  if (at >= 0) stations.splice(at, 0, station);
  else stations.push(station);
}

function stopsHere(row: Row | undefined): boolean {
  if (row === undefined) return false;
  if (row.kind === "end") return row.step.verdict !== "accept";
  if (row.kind === "policy") return row.step.policy === "DROP";
  if (row.kind === "routing") return row.step.decision === "drop";
  if (row.kind === "rule") return ["drop", "reject", "queue"].includes(row.step.rule.action.kind);
  return false;
}
