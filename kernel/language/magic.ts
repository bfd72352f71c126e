import type { Completeness } from "./engine";

/**
 * A cell that is no TypeScript: its first line is `%%NAME argument`, and what stands below is for the one who defined
 * the name. IPython calls it a cell magic.
 */
export interface Magic {
  readonly name: string;
  /** The rest of the first line. */
  readonly argument: string;
  /** The lines below it. */
  readonly body: string;
}

/** Where the executor keeps what runs a magic; only converted cells ask it. */
export const RUN_MAGIC = "wirebook-kernel.magic";

const SHAPE = /^(?:[ \t]*\r?\n)*%%(\w[\w.-]*)[ \t]*([^\r\n]*)(?:\r?\n([\s\S]*))?$/;

/** The magic that a cell is; undefined for TypeScript. */
export function readMagic(code: string): Magic | undefined {
  const [whole, name = "", argument = "", body = ""] = SHAPE.exec(code) ?? [];
  return whole === undefined ? undefined : { name, argument: argument.trimEnd(), body };
}

/** The TypeScript that hands a magic to who defined it; its value is the cell's. */
export function magicSource({ name, argument, body }: Magic): string {
  const words = [name, argument, body].map(literal).join(", ");
  return `await Reflect.get(globalThis, Symbol.for("${RUN_MAGIC}"))(${words})`;
}

/** JSON may hold U+2028 and U+2029 as they are; to the compiler they end a line. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (end) => (end === "\u2028" ? "\\u2028" : "\\u2029"));
}

/** In a console, a magic ends with an empty line. */
export function magicCompleteness({ body }: Magic): Completeness {
  return /(^|\n)[ \t]*\r?\n?$/.test(body) && body.trim() !== ""
    ? { status: "complete" }
    : { status: "incomplete", indent: "" };
}
