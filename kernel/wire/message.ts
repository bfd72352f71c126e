import { randomUUID } from "node:crypto";
import { isRecord } from "../link/is-record";
import type { Signer } from "./signature";

/** The version of the Jupyter messaging protocol that the kernel implements. */
export const PROTOCOL_VERSION = "5.5";

export type Content = Readonly<Record<string, unknown>>;

export interface Header {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

export interface Message {
  /** ZeroMQ's routing prefix: the client that sent the request. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  readonly parent: Content;
  readonly metadata: Content;
  readonly content: Content;
  /** Binary data beside the content, which comm messages use. It is not signed. */
  readonly buffers?: readonly Uint8Array[];
}

/** Longer than the hexadecimal digest of any hash. A longer frame is not a signature. */
const MAX_SIGNATURE_BYTES = 256;

const DELIMITER = Buffer.from("<IDS|MSG>");

export function makeHeader(type: string, session: string, username = "kernel"): Header {
  return {
    msg_id: randomUUID(),
    session,
    username,
    date: isoMicroseconds(performance.timeOrigin + performance.now()),
    msg_type: type,
    version: PROTOCOL_VERSION,
  };
}

/** Formats a time (in milliseconds) with microseconds, as jupyter_client does. */
function isoMicroseconds(timeMs: number): string {
  const microseconds = Math.floor((timeMs % 1) * 1000);
  return new Date(timeMs).toISOString().replace("Z", `${String(microseconds).padStart(3, "0")}Z`);
}

/** Reads the date of a header, in milliseconds with fractions. Returns NaN when it is not a date. */
export function dateMs({ date }: Header): number {
  const fraction = /\.\d{3}(\d{1,6})/.exec(date)?.[1] ?? "";
  return Date.parse(date) + Number(`0.${fraction || 0}`);
}

function readHeader(value: unknown): Header | undefined {
  if (!isRecord(value)) return undefined;
  const { msg_id, session, username, date, msg_type, version } = value;
  if (typeof msg_id !== "string" || typeof msg_type !== "string") return undefined;
  // Keep unknown fields: the header is sent back as the parent of every answer.
  return {
    ...value,
    msg_id,
    msg_type,
    session: String(session),
    username: String(username),
    date: String(date),
    version: String(version),
  };
}

function record(bytes: Uint8Array | undefined): Content {
  const value: unknown = JSON.parse(Buffer.from(bytes ?? "{}").toString());
  return isRecord(value) ? value : {};
}

/** Encodes a message as signed ZeroMQ frames. */
export function encodeMessage(
  message: Omit<Message, "parent"> & { parent: unknown },
  signer: Signer,
): Uint8Array[] {
  const parts = [message.header, message.parent, message.metadata, message.content].map((part) =>
    Buffer.from(JSON.stringify(part)),
  );
  const buffers = message.buffers ?? [];
  return [...message.identities, DELIMITER, Buffer.from(signer.sign(parts)), ...parts, ...buffers];
}

/** Decodes ZeroMQ frames. Returns undefined when they are not a message, are not signed with our key, or are a replay. */
export function decodeMessage(frames: readonly Uint8Array[], signer: Signer): Message | undefined {
  const at = frames.findIndex((frame) => DELIMITER.equals(frame));
  const signature = frames[at + 1];
  const parts = frames.slice(at + 2, at + 6);
  if (at < 0 || !signature || parts.length < 4) return undefined;
  if (!signer.accept(Buffer.from(signature.subarray(0, MAX_SIGNATURE_BYTES)).toString(), parts))
    return undefined;
  try {
    const header = readHeader(record(parts[0]));
    if (!header) return undefined;
    return {
      identities: frames.slice(0, at),
      header,
      parent: record(parts[1]),
      metadata: record(parts[2]),
      content: record(parts[3]),
      buffers: frames.slice(at + 6),
    };
  } catch {
    return undefined;
  }
}
