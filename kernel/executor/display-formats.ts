import { readFileSync } from "node:fs";
import path from "node:path";
import type { OrderedWriter } from "../link/output-order";
import { currentRun } from "./cell-run";
import { DISPLAY, type DisplayOptions } from "./display";
import { htmlTable, plainTable } from "./tables";

/** Options of a display helper. */
export interface FormatOptions extends DisplayOptions {
  /** Describes an image to people who cannot see it, and is shown where the image cannot be shown. */
  readonly alt?: string;
}

type Show = (value: unknown, options?: DisplayOptions) => Promise<void>;

/** A value with the given MIME bundle. */
function displayable(data: Readonly<Record<string, unknown>>, metadata: object = {}): object {
  return { [DISPLAY]: () => ({ data, metadata }) };
}

function image(mime: string, content: unknown, alt: string | undefined): object {
  const text = alt === undefined ? {} : { "text/plain": alt };
  return displayable({ ...text, [mime]: content }, alt === undefined ? {} : { [mime]: { alt } });
}

/** The helpers `display.html` and so on. Each of them shows its argument at once. */
export function displayFormats(show: Show) {
  const text = (mime: string) => (content: string, options?: FormatOptions) =>
    show(displayable({ [mime]: content, "text/plain": content }), options);
  const json = (mime: string) => (content: object, options?: FormatOptions) =>
    show(displayable({ [mime]: content, "text/plain": options?.alt ?? JSON.stringify(content) }), options);
  return {
    html: text("text/html"),
    markdown: text("text/markdown"),
    latex: text("text/latex"),
    mermaid: text("text/vnd.mermaid"),
    svg: (content: string, options?: FormatOptions) =>
      show(image("image/svg+xml", content, options?.alt), options),
    png: (content: Uint8Array | string, options?: FormatOptions) =>
      show(image("image/png", content, options?.alt), options),
    json: json("application/json"),
    // JupyterLab renders exactly these versions.
    vega: json("application/vnd.vega.v5+json"),
    vegaLite: json("application/vnd.vegalite.v5+json"),
    table: (rows: readonly object[], options?: FormatOptions) =>
      show(displayable({ "text/html": htmlTable(rows), "text/plain": plainTable(rows) }), options),
  };
}

/** The image types that `Deno.jupyter.image` recognises by their first bytes. */
const IMAGE_TYPES: readonly (readonly [string, string])[] = [
  ["89504e47", "image/png"],
  ["ffd8ff", "image/jpeg"],
  ["47494638", "image/gif"],
];

/** The part of Deno's `Deno.jupyter` that cells can use, so that code for Deno's kernel runs here. */
export function denoJupyter(output: OrderedWriter, show: Show) {
  const tagged =
    (mime: string) =>
    (strings: TemplateStringsArray, ...values: unknown[]): object =>
      displayable({ [mime]: String.raw({ raw: strings }, ...values.map(String)) });
  return Object.freeze({
    $display: DISPLAY,
    html: tagged("text/html"),
    md: tagged("text/markdown"),
    svg: tagged("image/svg+xml"),
    image: (source: string | Uint8Array): object => {
      const bytes = typeof source === "string" ? readFileSync(path.resolve(source)) : source;
      const start = Buffer.from(bytes.subarray(0, 4)).toString("hex");
      const type = IMAGE_TYPES.find(([prefix]) => start.startsWith(prefix))?.[1];
      if (!type) throw new TypeError("Deno.jupyter.image: the image is not a PNG, JPEG or GIF file");
      return displayable({ [type]: bytes });
    },
    display: (value: unknown, options: { raw?: boolean; update?: boolean; display_id?: string } = {}) => {
      const { raw, update, display_id: id } = options;
      const shown =
        raw === true && typeof value === "object" && value !== null ? displayable({ ...value }) : value;
      return show(shown, {
        ...(id === undefined ? {} : { id }),
        ...(update === undefined ? {} : { update }),
      });
    },
    /** Publishes a message on the iopub channel. */
    broadcast: async (type: string, content: object, options: { metadata?: object } = {}): Promise<void> => {
      const message = { kind: "broadcast", type, content, metadata: options.metadata ?? {} };
      output.frame(currentRun()?.id ?? 0, message);
    },
  });
}
