import { inspect } from "node:util";
import { isRecord } from "../link/is-record";
import type { OrderedWriter } from "../link/output-order";
import type { Bundle } from "../link/protocol";
import { CellRun, currentRun } from "./cell-run";
import { promiseHint } from "./promise-display";
import { htmlTable, isTable } from "./tables";

/** The method that returns a value's MIME bundle, or a promise of one. Deno's kernel uses the same symbol. */
export const DISPLAY = Symbol.for("Jupyter.display");

export interface DisplayOptions {
  /** A name for this output. */
  readonly id?: string;
  /** Replaces the output with this `id` if there is one, also below another cell. Otherwise shows a new output. */
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
  const given = wrapped && isRecord(metadata) ? metadata : {};
  return { data: bundle, metadata: { ...given, ...alternativeTexts(bundle, given) } };
}

/** Maximum length of an image's alternative text, in characters. Longer texts are cut off. */
const MAX_ALT_LENGTH = 300;

/** Gives images without an alternative text the text of their bundle, so that screen readers can read it. */
function alternativeTexts(
  data: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const text = String(data["text/plain"]);
  const images = Object.keys(data).filter((mime) => mime.startsWith("image/"));
  return Object.fromEntries(
    images.map((mime) => {
      const own = metadata[mime];
      const alt = text.slice(0, MAX_ALT_LENGTH);
      return [mime, { alt, ...(isRecord(own) ? own : {}) }];
    }),
  );
}

/** Returns the MIME bundle of a value; a promise of it only when the display method is asynchronous. */
export function render(value: unknown): Bundle | Promise<Bundle> {
  if (!isDisplayable(value)) {
    const table = isTable(value) ? { "text/html": htmlTable(value) } : {};
    return { data: { ...table, "text/plain": plainText(value) + promiseHint(value) }, metadata: {} };
  }
  const made = value[DISPLAY]();
  return made instanceof Promise ? made.then((bundle) => readBundle(bundle, value)) : readBundle(made, value);
}

/** Shows values before the cell has ended, in the order of the calls. */
export class Displays {
  readonly #output: OrderedWriter;
  /** The run of a cell that has shown each id. */
  readonly #shownBy = new Map<string, CellRun>();

  constructor(output: OrderedWriter) {
    this.#output = output;
  }

  readonly display = (value: unknown, options: DisplayOptions = {}): Promise<void> => {
    const run = currentRun() ?? new CellRun(0, "In[0]", "", false);
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

  /** Removes the output of the calling cell. With `wait`, only when there is new output, which avoids flicker. */
  readonly clear = (wait = false): void => {
    const run = currentRun();
    if (!run) return;
    const send = () => this.#output.frame(run.id, { kind: "clear", wait });
    if (run.displays) run.displays = run.displays.then(send);
    else send();
  };

  #send(run: CellRun, bundle: Bundle, { id, update }: DisplayOptions): void {
    const shownBy = id === undefined ? undefined : this.#shownBy.get(id);
    // Running a cell again removes the outputs of its previous run, so they can't be updated.
    const isShown = shownBy !== undefined && (shownBy === run || shownBy.key !== run.key);
    const inPlace = update === true && isShown;
    if (id !== undefined && !inPlace) this.#shownBy.set(id, run);
    this.#output.frame(run.id, { kind: "display", ...bundle, id, update: inPlace });
  }
}

/** Hides the promise when `display(x)` is the last line of a cell. */
function withoutResult(promise: Promise<void>): Promise<void> {
  return Object.assign(promise, { [DISPLAY]: () => ({}) });
}
