import { parseArgs } from "node:util";
import { currentCell, LabError } from "../engine";
import { Pod } from "./docker/pod";
import { NodePod } from "./node/pod";
import type { Command } from "./place/command";
import type { Place } from "./place/place";

const usage = "%%sh NAME [-c APP] [--no-raise-error]";

/** Where the first line of a cell sends the lines below it. */
interface Target {
  readonly place: string;
  /** An app of that pod. */
  readonly app: string | undefined;
  readonly nothrow: boolean;
}

/** What a shell cell asks of a lab. */
interface Places {
  place(name: string): Place;
}

/** The labs that are open, by name; the last one opened is asked first. */
const labs = new Map<string, Places>();

/**
 * Lets cells begin with `%%sh NAME`: their lines run as a shell script inside that place of the lab.
 *
 * ```sh
 * %%sh node1
 * ip route
 * iptables -t nat -L
 * ```
 *
 * `-c APP` runs them in an app of the pod, as `kubectl exec` has it; `--no-raise-error` makes any exit code a result, as
 * IPython has it. Outside of a notebook it does nothing.
 */
export function offerShellCells(name: string, lab: Places): void {
  labs.delete(name);
  labs.set(name, lab);
  currentCell()?.magic("sh", run);
}

/** Its lab is closed: cells go to the others. */
export function endShellCells(name: string): void {
  labs.delete(name);
}

function run(argument: string, body: string): Command {
  const { place: name, app, nothrow } = read(argument);
  if (body.trim() === "") throw badCell("there is nothing below its first line", "Write the script there.");
  const place = find(name);
  return (app === undefined ? place : appOf(place, app)).script(body, { nothrow });
}

function read(argument: string): Target {
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
    throw badCell(error instanceof Error ? error.message : String(error), `It reads: ${usage}`, error);
  }
  throw badCell(`one name of a place was expected, not ${JSON.stringify(argument)}`, `It reads: ${usage}`);
}

/** The place of that name in the lab that was opened last; else in an earlier one. */
function find(name: string): Place {
  let unknown: LabError | undefined;
  for (const lab of [...labs.values()].reverse()) {
    try {
      return lab.place(name);
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== "UNKNOWN_PLACE") throw error;
      unknown ??= error;
    }
  }
  const closed = { where: "%%sh", found: "no lab is open", advice: "Run the cell that opens it." };
  throw unknown ?? new LabError("LAB_CLOSED", closed);
}

function appOf(place: Place, app: string): Place {
  if (place instanceof NodePod || place instanceof Pod) return place.app(app);
  throw badCell(`${place.name} is no pod, so it has no app ${JSON.stringify(app)}`, "Leave -c out.");
}

function badCell(found: string, advice: string, cause?: unknown): LabError {
  return new LabError("BAD_CELL", { where: "%%sh", found, advice, cause });
}
