import { isRecord } from "./is-record";

/** A message of a comm: a connection between an object in a cell and its counterpart in a front end. */
export interface CommMessage {
  readonly action: "open" | "msg" | "close";
  readonly id: string;
  /** Names the counterpart, such as `jupyter.widget`. Only `open` needs it. */
  readonly target: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** Reads a comm message that came through the pipe. Returns undefined when it is not one. */
export function readCommMessage(value: unknown): CommMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { action, id, target, data, metadata, buffers } = value;
  if (action !== "open" && action !== "msg" && action !== "close") return undefined;
  if (typeof id !== "string" || !isRecord(data) || !isRecord(metadata)) return undefined;
  return {
    action,
    id,
    target: String(target ?? ""),
    data,
    metadata,
    buffers: (Array.isArray(buffers) ? buffers : []).filter((buffer) => buffer instanceof Uint8Array),
  };
}
