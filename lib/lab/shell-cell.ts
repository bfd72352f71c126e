import { parseArgs } from "node:util";
import { currentCell, LabError } from "../engine";
import type { Command } from "./place/command";
import type { Place } from "./place/place";
import { NetworkPod } from "./pod/network-pod";
import { NodePod } from "./pod/node-pod";

const usage = "%%sh NAME [-c APP] [--no-raise-error]";

/** The parsed first line of a shell cell. */
interface ShellCellTarget {
  readonly place: string;
  /** Name of an app of that pod. */
  readonly app: string | undefined;
  readonly nothrow: boolean;
}

/** The part of a lab that shell cells need. */
interface PlaceLookup {
  place(name: string): Place;
}

/** The open labs by name, in the order in which they were opened. */
const labs = new Map<string, PlaceLookup>();

/**
 * Enables cells that begin with `%%sh NAME`. The lines below run as a shell script in that place of the lab.
 *
 * ```sh
 * %%sh node1
 * ip route
 * iptables -t nat -L
 * ```
 *
 * With `-c APP` the script runs in that app of a pod, as in `kubectl exec`. With `--no-raise-error` a non-zero exit code
 * is not an error, as in IPython. Outside a notebook this function does nothing.
 */
export function enableShellCells(name: string, lab: PlaceLookup): void {
  labs.delete(name);
  labs.set(name, lab);
  currentCell()?.magic("sh", run);
}

/** Removes a closed lab, so that shell cells no longer look for places in it. */
export function disableShellCells(name: string): void {
  labs.delete(name);
}

function run(argument: string, body: string): Command {
  const { place: name, app, nothrow } = parseTarget(argument);
  if (body.trim() === "")
    throw badCell("there is nothing below the first line", "Write the script on the lines below it.");
  const place = findPlace(name);
  return (app === undefined ? place : appOf(place, app)).script(body, { nothrow });
}

function parseTarget(argument: string): ShellCellTarget {
  try {
    const { positionals, values } = parseArgs({
      args: argument.split(/\s+/).filter((word) => word !== ""),
      options: {
        container: { type: "string", short: "c" },
        "no-raise-error": { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [place, ...rest] = positionals;
    if (place !== undefined && rest.length === 0)
      return { place, app: values.container, nothrow: values["no-raise-error"] };
  } catch (error) {
    throw badCell(error instanceof Error ? error.message : String(error), `Usage: ${usage}`, error);
  }
  throw badCell(`expected the name of one place, not ${JSON.stringify(argument)}`, `Usage: ${usage}`);
}

/** Finds a place by name. If several labs have one, uses the lab that was opened last. */
function findPlace(name: string): Place {
  let unknown: LabError | undefined;
  for (const lab of [...labs.values()].reverse()) {
    try {
      return lab.place(name);
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== "UNKNOWN_PLACE") throw error;
      unknown ??= error;
    }
  }
  const closed = { where: "%%sh", found: "no lab is open", advice: "Run the cell that opens the lab." };
  throw unknown ?? new LabError("LAB_CLOSED", closed);
}

function appOf(place: Place, app: string): Place {
  if (place instanceof NodePod || place instanceof NetworkPod) return place.app(app);
  throw badCell(`${place.name} is not a pod, so it has no app ${JSON.stringify(app)}`, "Omit -c.");
}

function badCell(found: string, advice: string, cause?: unknown): LabError {
  return new LabError("BAD_CELL", { where: "%%sh", found, advice, cause });
}
