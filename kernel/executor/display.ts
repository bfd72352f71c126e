import { inspect } from "node:util";
import { isRecord } from "../link/is-record";
import type { OrderedWriter } from "../link/output-order";
import type { Bundle } from "../link/protocol";
import { CellRun, currentRun } from "./cell-run";
import { promiseHint } from "./promise-display";

/** The method that returns a value's MIME bundle, or a promise of one. Deno's kernel uses the same symbol. */
export const DISPLAY = Symbol.for("Jupyter.display");

export interface DisplayOptions {
  /** A name for this output. */
  readonly id?: string;
  /** Replaces the output with this `id` if the same run of the cell has shown one. Otherwise shows a new output. */
  readonly update?: boolean;
}

type Displayable = { readonly [DISPLAY]: () => unknown };

function isDisplayable(value: unknown): value is Displayable {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return DISPLAY in value && typeof value[DISPLAY] === "function";
}

/** A value as text. It has no colour codes, because graders parse a number from it. */
export function plainText(value: unknown): string {
  return inspect(value, { colors: false, depth: 4 });
}

/** Keeps strings and bytes, and converts everything else to JSON values. */
function toTransferable(value: unknown): unknown {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

function readBundle(value: unknown, shown: unknown): Bundle {
  if (!isRecord(value))
    throw new TypeError(
      `a Symbol.for("Jupyter.display") method must return a MIME bundle, such as { "text/html": "…" }; it returned ${plainText(value)}`,
    );
  const { data, metadata } = value;
  const wrapped = isRecord(data) && !Object.keys(value).some((key) => key.includes("/"));
  const entries = Object.entries(wrapped ? data : value).map(([mime, content]) => [
    mime,
    toTransferable(content),
  ]);
  const bundle: Record<string, unknown> = Object.fromEntries(
    entries.filter(([, content]) => content !== undefined),
  );
  if (Object.keys(bundle).length > 0 && !("text/plain" in bundle)) {
    bundle["text/plain"] = inspect(shown, { colors: false, depth: 0, customInspect: false });
  }
  return { data: bundle, metadata: wrapped && isRecord(metadata) ? metadata : {} };
}

/** Returns the MIME bundle of a value; a promise of it only when the display method is asynchronous. */
export function render(value: unknown): Bundle | Promise<Bundle> {
  if (!isDisplayable(value))
    return { data: { "text/plain": plainText(value) + promiseHint(value) }, metadata: {} };
  const made = value[DISPLAY]();
  return made instanceof Promise ? made.then((bundle) => readBundle(bundle, value)) : readBundle(made, value);
}

/** Shows values before the cell has ended, in the order of the calls. */
export class Displays {
  readonly #output: OrderedWriter;

  constructor(output: OrderedWriter) {
    this.#output = output;
  }

  readonly display = (value: unknown, options: DisplayOptions = {}): Promise<void> => {
    const run = currentRun() ?? new CellRun(0, "In[0]");
    if (options.update && options.id === undefined)
      throw new TypeError(
        'display: `update` needs an `id`, such as display(value, { id: "progress", update: true })',
      );
    const bundle = render(value);
    if (!(bundle instanceof Promise) && !run.displays) {
      this.#send(run, bundle, options);
      return withoutResult(Promise.resolve());
    }
    const sent = Promise.all([bundle, run.displays]).then(([ready]) => this.#send(run, ready, options));
    const settled = sent
      .catch(() => {})
      .then(() => {
        if (run.displays === settled) run.displays = undefined;
      });
    run.displays = settled;
    return withoutResult(sent);
  };

  #send(run: CellRun, bundle: Bundle, { id, update }: DisplayOptions): void {
    const known = id !== undefined && run.shown.has(id);
    if (id !== undefined) run.shown.add(id);
    this.#output.frame(run.id, { kind: "display", ...bundle, id, update: update === true && known });
  }
}

/** Hides the promise when `display(x)` is the last line of a cell. */
function withoutResult(promise: Promise<void>): Promise<void> {
  return Object.assign(promise, { [DISPLAY]: () => ({}) });
}
