import type { Completeness } from "./engine";

/**
 * A cell that is not TypeScript. Its first line is `%%NAME argument`; the lines below are passed to the library
 * that defined the name. IPython has the same concept and calls it a cell magic.
 */
export interface CellMagic {
  readonly name: string;
  /** The rest of the first line. */
  readonly argument: string;
  /** The lines below it. */
  readonly body: string;
}

/** The global symbol of the function that runs a magic in the executor. Only converted cells call it. */
export const RUN_MAGIC = "wirebook-kernel.magic";

const MAGIC_CELL = /^(?:[ \t]*\r?\n)*%%(\w[\w.-]*)[ \t]*([^\r\n]*)(?:\r?\n([\s\S]*))?$/;

/** Parses a cell magic. Returns undefined when the cell is TypeScript. */
export function parseCellMagic(code: string): CellMagic | undefined {
  const [whole, name = "", argument = "", body = ""] = MAGIC_CELL.exec(code) ?? [];
  return whole === undefined ? undefined : { name, argument: argument.trimEnd(), body };
}

/** Returns TypeScript that runs the magic. Its value is the cell's result. */
export function magicSource({ name, argument, body }: CellMagic): string {
  const words = [name, argument, body].map(literal).join(", ");
  return `await Reflect.get(globalThis, Symbol.for("${RUN_MAGIC}"))(${words})`;
}

/** Escapes U+2028 and U+2029, which JSON allows in strings but which end a line for the compiler. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (end) => (end === "\u2028" ? "\\u2028" : "\\u2029"));
}

/** In a console, an empty line ends a magic. */
export function magicCompleteness({ body }: CellMagic): Completeness {
  return /(^|\n)[ \t]*\r?\n?$/.test(body) && body.trim() !== ""
    ? { status: "complete" }
    : { status: "incomplete", indent: "" };
}
