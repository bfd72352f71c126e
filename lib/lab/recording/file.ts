import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { decode, encode } from "@msgpack/msgpack";
import { errno, LabError } from "../../engine";
import { isJournal, type Journal } from "./journal";

// magic (19 bytes), format (1), length of the rest (4, big-endian), SHA-256 of the rest (32), the rest: a journal in
// MessagePack, compressed with Brotli.
const magic = Buffer.from("wirebook recording\n");
const format = 1;
const formatAt = magic.length;
const lengthAt = formatAt + 1;
const hashAt = lengthAt + 4;
const bodyAt = hashAt + 32;
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** A journal as the bytes of a recording file. */
export function writeJournal(journal: Journal): Buffer {
  const body = brotliCompressSync(encode(journal, { ignoreUndefined: true, maxDepth: 500 }), quality);
  const head = Buffer.alloc(bodyAt);
  magic.copy(head);
  head[formatAt] = format;
  head.writeUInt32BE(body.length, lengthAt);
  hashOf(body).copy(head, hashAt);
  return Buffer.concat([head, body]);
}

/**
 * The journal in the bytes of a recording file.
 *
 * @param name - of the file, for errors.
 * @throws LabError `RECORDING_UNREADABLE` when it is no recording, cut off, or not as it was written;
 *   `RECORDING_TOO_NEW` when a later version of Wirebook wrote it.
 */
export function readJournal(bytes: Buffer, name: string): Journal {
  const refuse = (found: string): LabError =>
    new LabError("RECORDING_UNREADABLE", {
      where: name,
      found,
      advice: `Record the notebook again with an engine: WIREBOOK_RECORD=${name} and run it, or take the file from where it came.`,
    });
  const known = bytes.subarray(0, magic.length).equals(magic.subarray(0, bytes.length));
  if (bytes.length === 0) throw refuse("the file is empty");
  if (!known) throw refuse("this is not a recording: it does not begin as one");
  if (bytes.length < bodyAt) throw refuse(`it is cut off after ${bytes.length} bytes`);
  const version = bytes[formatAt] ?? 0;
  if (version > format) {
    throw new LabError("RECORDING_TOO_NEW", {
      where: name,
      found: `it has format ${version}, and this version of Wirebook reads up to ${format}`,
      advice: "Use the version of Wirebook that wrote it, or a later one.",
    });
  }
  const body = bytes.subarray(bodyAt);
  const length = bytes.readUInt32BE(lengthAt);
  if (body.length < length)
    throw refuse(`it is cut off: ${length - body.length} of ${length} bytes are missing`);
  if (body.length > length || !hashOf(body).equals(bytes.subarray(hashAt, bodyAt))) {
    throw refuse("it was changed after it was written: its checksum does not fit");
  }
  const journal: unknown = decode(brotliDecompressSync(body));
  if (isJournal(journal)) return journal;
  throw refuse("it holds no journal of a lab");
}

/** Reads a recording from a file. See {@link readJournal}. */
export function loadJournal(path: string): Journal {
  try {
    return readJournal(readFileSync(path), basename(path));
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    throw new LabError("RECORDING_UNREADABLE", {
      where: path,
      found: `the file cannot be read (${reason(cause)})`,
      advice: "Name an existing recording with WIREBOOK_REPLAY, or unset it.",
      cause,
    });
  }
}

/**
 * Writes a recording to a file, whole or not at all: what stood there before is replaced at the end.
 *
 * @throws LabError `DISK_FULL`, `RECORDING_UNREADABLE` when it cannot be written there.
 */
export function saveJournal(journal: Journal, path: string): void {
  const half = `${path}.${process.pid}.part`;
  try {
    writeFileSync(half, writeJournal(journal));
    renameSync(half, path);
  } catch (cause) {
    rmSync(half, { force: true });
    const full = ["ENOSPC", "EDQUOT"].includes(errno(cause));
    throw new LabError(full ? "DISK_FULL" : "RECORDING_UNREADABLE", {
      where: path,
      found: `the recording cannot be written (${reason(cause)})`,
      advice:
        "The lab itself is not touched. Make room or choose another WIREBOOK_RECORD, and run the notebook again.",
      cause,
    });
  }
}

function hashOf(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest();
}

function reason(cause: unknown): string {
  return String(cause).replace(/^Error: /, "");
}
