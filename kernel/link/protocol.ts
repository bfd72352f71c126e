import type { CellProgram } from "../language/engine";
import { isRecord } from "./turns";

/** From the server to the executor. */
export type Command =
  | {
      readonly kind: "run";
      readonly cell: number;
      /** How the cell is called in stack traces, as `In[3]`. */
      readonly name: string;
      /** The code as it was typed, shown beside errors. */
      readonly source: string;
      readonly program: CellProgram;
    }
  | { readonly kind: "interrupt"; readonly cell: number }
  | { readonly kind: "end" };

/** A MIME bundle: text, JSON, or bytes (base64 only where Jupyter asks for it). */
export interface Bundle {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What went wrong in a cell, ready to be shown. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** From the executor to the server. `cell` says to which cell it belongs. */
export type Report =
  | { readonly kind: "ready" }
  | ({
      readonly kind: "display";
      readonly cell: number;
      readonly id?: string;
      readonly update: boolean;
    } & Bundle)
  | ({ readonly kind: "result"; readonly cell: number } & Bundle)
  | {
      readonly kind: "done";
      readonly cell: number;
      /** The names that got a value. */
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

/** Reads a frame of the executor; undefined when it is none of ours. */
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
    case "done": {
      const error = readError(frame["error"]);
      return { kind, cell, defined: strings(frame["defined"]), ...(error ? { error } : {}) };
    }
    default:
      return undefined;
  }
}

function readProgram(value: unknown): CellProgram | undefined {
  if (!isRecord(value) || typeof value["code"] !== "string") return undefined;
  const { resultName, modules } = value;
  return {
    code: value["code"],
    awaits: value["awaits"] === true,
    maps: strings(value["maps"]),
    ...(typeof resultName === "string" ? { resultName } : {}),
    modules: (Array.isArray(modules) ? modules : [])
      .filter(isRecord)
      .map(({ path, code, maps }) => ({ path: String(path), code: String(code), maps: strings(maps) })),
  };
}

/** Reads a frame of the server; undefined when it is none of ours. */
export function readCommand(frame: unknown): Command | undefined {
  if (!isRecord(frame)) return undefined;
  const { kind, cell } = frame;
  if (kind === "end") return { kind };
  if (typeof cell !== "number") return undefined;
  if (kind === "interrupt") return { kind, cell };
  const program = readProgram(frame["program"]);
  if (kind !== "run" || !program) return undefined;
  return { kind, cell, name: String(frame["name"]), source: String(frame["source"]), program };
}
