import type { CellProgram, Import } from "../language/engine";
import { type CommMessage, readCommMessage } from "./comm-message";
import { isRecord } from "./is-record";

/** A message from the server to the executor. */
export type Command =
  | {
      readonly kind: "run";
      readonly cell: number;
      /** The cell's name in stack traces, such as `In[3]`. */
      readonly name: string;
      /** Identifies the cell in the notebook. It stays the same when the cell is run again. */
      readonly key: string;
      /** The code as the user typed it, for the code frame of an error. */
      readonly source: string;
      /** Whether the front end can ask the user for input. */
      readonly allowsInput: boolean;
      readonly program: CellProgram;
    }
  | { readonly kind: "interrupt"; readonly cell: number }
  | { readonly kind: "comm"; readonly message: CommMessage }
  | { readonly kind: "end" };

/** A MIME bundle. Its values are text, JSON, or bytes; the server converts bytes to base64. */
export interface Bundle {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The error of a cell, in the form of Jupyter's `error` message. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** A message from the executor to the server. `cell` is the cell that it belongs to. */
export type Report =
  | { readonly kind: "ready" }
  | ({
      readonly kind: "display";
      readonly cell: number;
      readonly id?: string;
      readonly update: boolean;
    } & Bundle)
  | ({ readonly kind: "result"; readonly cell: number } & Bundle)
  /** Removes the cell's output; with `wait` when there is new output. */
  | { readonly kind: "clear"; readonly cell: number; readonly wait: boolean }
  /** A message for the iopub channel, whose type and content the cell defines. */
  | {
      readonly kind: "broadcast";
      readonly cell: number;
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly metadata: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "comm"; readonly cell: number; readonly message: CommMessage }
  /** The cell asks the user for a line of text. */
  | { readonly kind: "input"; readonly cell: number; readonly prompt: string; readonly password: boolean }
  /** An error was thrown, and nothing awaited it, after its cell had ended. */
  | { readonly kind: "late-error"; readonly cell: number; readonly text: string }
  | {
      readonly kind: "done";
      readonly cell: number;
      /** The variables that received a value. */
      readonly defined: readonly string[];
      readonly error?: CellError;
    };

function isBundle(
  value: Readonly<Record<string, unknown>>,
): value is Readonly<Record<string, unknown>> & Bundle {
  return isRecord(value["data"]) && isRecord(value["metadata"]);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function readError(value: unknown): CellError | undefined {
  if (!isRecord(value)) return undefined;
  return {
    ename: String(value["ename"]),
    evalue: String(value["evalue"]),
    traceback: strings(value["traceback"]),
  };
}

/** Reads a frame of the executor. Returns undefined when it is not a valid report. */
export function readReport(frame: Readonly<Record<string, unknown>>): Report | undefined {
  const { kind, cell, id } = frame;
  if (kind === "ready") return { kind };
  if (typeof cell !== "number") return undefined;
  switch (kind) {
    case "display":
      if (!isBundle(frame)) return undefined;
      return {
        kind,
        cell,
        data: frame.data,
        metadata: frame.metadata,
        update: frame["update"] === true,
        ...(typeof id === "string" ? { id } : {}),
      };
    case "result":
      return isBundle(frame) ? { kind, cell, data: frame.data, metadata: frame.metadata } : undefined;
    case "clear":
      return { kind, cell, wait: frame["wait"] === true };
    case "broadcast": {
      const { content, metadata } = frame;
      if (!isRecord(content) || !isRecord(metadata)) return undefined;
      return { kind, cell, type: String(frame["type"]), content, metadata };
    }
    case "comm": {
      const message = readCommMessage(frame["message"]);
      return message && { kind, cell, message };
    }
    case "input":
      return { kind, cell, prompt: String(frame["prompt"]), password: frame["password"] === true };
    case "late-error":
      return { kind, cell, text: String(frame["text"]) };
    case "done": {
      const error = readError(frame["error"]);
      return { kind, cell, defined: strings(frame["defined"]), ...(error ? { error } : {}) };
    }
    default:
      return undefined;
  }
}

function readImports(value: unknown): Import[] {
  return (Array.isArray(value) ? value : [])
    .filter(isRecord)
    .map(({ id, file }) => ({ id: String(id), ...(typeof file === "string" ? { file } : {}) }));
}

function readProgram(value: unknown): CellProgram | undefined {
  if (!isRecord(value) || typeof value["code"] !== "string") return undefined;
  const { resultName, modules } = value;
  return {
    code: value["code"],
    awaits: value["awaits"] === true,
    imports: readImports(value["imports"]),
    maps: strings(value["maps"]),
    ...(typeof resultName === "string" ? { resultName } : {}),
    modules: (Array.isArray(modules) ? modules : [])
      .filter(isRecord)
      .map(({ path, code, imports, maps }) => ({
        path: String(path),
        code: String(code),
        imports: readImports(imports),
        maps: strings(maps),
      })),
  };
}

/** Reads a frame of the server. Returns undefined when it is not a valid command. */
export function readCommand(frame: unknown): Command | undefined {
  if (!isRecord(frame)) return undefined;
  const { kind, cell } = frame;
  if (kind === "end") return { kind };
  if (kind === "comm") {
    const message = readCommMessage(frame["message"]);
    return message && { kind, message };
  }
  if (typeof cell !== "number") return undefined;
  if (kind === "interrupt") return { kind, cell };
  const program = readProgram(frame["program"]);
  if (kind !== "run" || !program) return undefined;
  const [name, key, source] = [frame["name"], frame["key"], frame["source"]].map(String);
  if (name === undefined || key === undefined || source === undefined) return undefined;
  return { kind, cell, name, key, source, allowsInput: frame["allowsInput"] === true, program };
}
