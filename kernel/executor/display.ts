import { inspect } from "node:util";
import type { Bundle } from "../link/protocol";
import { isRecord, type TurnWriter } from "../link/turns";
import { adviceFor } from "./promises";
import { CellRun, currentRun } from "./run";

/** The method by which a value says how it is shown: Deno's convention. It returns a MIME bundle, or a promise of one. */
export const DISPLAY = Symbol.for("Jupyter.display");

export interface DisplayOptions {
  /** A name for the output. */
  readonly id?: string;
  /** Replaces the output with this `id` when the same run of the cell has shown one; else shows it. */
  readonly update?: boolean;
}

type Displayable = { readonly [DISPLAY]: () => unknown };

function isDisplayable(value: unknown): value is Displayable {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return DISPLAY in value && typeof value[DISPLAY] === "function";
}

/** A value as text, as a Jupyter front end shows it: without colours, so that a number is a number. */
export function plain(value: unknown): string {
  return inspect(value, { colors: false, depth: 4 });
}

/** Typed arrays stay bytes; the rest becomes what JSON can hold, as it will be sent. */
function portable(value: unknown): unknown {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

function readBundle(value: unknown, shown: unknown): Bundle {
  if (!isRecord(value))
    throw new TypeError('a Symbol.for("Jupyter.display") method has to return a MIME bundle');
  const { data, metadata } = value;
  const wrapped = isRecord(data) && !Object.keys(value).some((key) => key.includes("/"));
  const entries = Object.entries(wrapped ? data : value).map(([mime, content]) => [mime, portable(content)]);
  const bundle: Record<string, unknown> = Object.fromEntries(
    entries.filter(([, content]) => content !== undefined),
  );
  if (Object.keys(bundle).length > 0 && !("text/plain" in bundle)) {
    bundle["text/plain"] = inspect(shown, { colors: false, depth: 0, customInspect: false });
  }
  return { data: bundle, metadata: wrapped && isRecord(metadata) ? metadata : {} };
}

/** The MIME bundle of a value: at once, unless its display method is asynchronous. */
export function render(value: unknown): Bundle | Promise<Bundle> {
  if (!isDisplayable(value)) return { data: { "text/plain": plain(value) + adviceFor(value) }, metadata: {} };
  const made = value[DISPLAY]();
  return made instanceof Promise ? made.then((bundle) => readBundle(bundle, value)) : readBundle(made, value);
}

/** Shows values before the cell's end, in the order in which they were asked for. */
export class Displays {
  constructor(private readonly turns: TurnWriter) {}

  readonly display = (value: unknown, options: DisplayOptions = {}): Promise<void> => {
    const run = currentRun() ?? new CellRun(0, "In[0]");
    if (options.update && options.id === undefined)
      throw new TypeError("display: an update needs the id of what it replaces");
    const bundle = render(value);
    if (!(bundle instanceof Promise) && !run.displays) {
      this.send(run, bundle, options);
      return silent(Promise.resolve());
    }
    const turn = Promise.all([bundle, run.displays]).then(([ready]) => this.send(run, ready, options));
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (run.displays === settled) run.displays = undefined;
      });
    run.displays = settled;
    return silent(turn);
  };

  private send(run: CellRun, bundle: Bundle, { id, update }: DisplayOptions): void {
    const known = id !== undefined && run.shown.has(id);
    if (id !== undefined) run.shown.add(id);
    this.turns.frame(run.id, { kind: "display", ...bundle, id, update: update === true && known });
  }
}

/** `display(x)` as a cell's last line shows `x` alone, not the promise. */
function silent(promise: Promise<void>): Promise<void> {
  return Object.assign(promise, { [DISPLAY]: () => ({}) });
}
