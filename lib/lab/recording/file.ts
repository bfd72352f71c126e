import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { decode, encode } from "@msgpack/msgpack";
import { errno, LabError } from "../../engine";
import { isJournal, type Journal } from "./journal";

// File format: magic (19 bytes), format version (1), length of the body (4, big-endian), SHA-256 of the body (32), body.
// The body is a journal in MessagePack, compressed with Brotli.
const magic = Buffer.from("wirebook recording\n");
const format = 1;
const formatAt = magic.length;
const lengthAt = formatAt + 1;
const hashAt = lengthAt + 4;
const bodyAt = hashAt + 32;
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Encodes a journal as a recording file. */
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
 * Decodes a recording file.
 *
 * @param name - name of the file, for errors.
 * @throws LabError `RECORDING_UNREADABLE` if it is not a recording, truncated or modified; `RECORDING_TOO_NEW` if a later
 *   version of Wirebook wrote it.
 */
export function readJournal(bytes: Buffer, name: string): Journal {
  const unreadable = (found: string): LabError =>
    new LabError("RECORDING_UNREADABLE", {
      where: name,
      found,
      advice: `Record the notebook again with an engine: WIREBOOK_RECORD=${name} and run it, or download the file again.`,
    });
  const known = bytes.subarray(0, magic.length).equals(magic.subarray(0, bytes.length));
  if (bytes.length === 0) throw unreadable("the file is empty");
  if (!known) throw unreadable("this is not a recording: its first bytes are wrong");
  if (bytes.length < bodyAt) throw unreadable(`the file is truncated after ${bytes.length} bytes`);
  const version = bytes[formatAt] ?? 0;
  if (version > format) {
    throw new LabError("RECORDING_TOO_NEW", {
      where: name,
      found: `the file has format version ${version}, but this version of Wirebook supports at most ${format}`,
      advice: "Use the version of Wirebook that wrote it, or a later one.",
    });
  }
  const body = bytes.subarray(bodyAt);
  const length = bytes.readUInt32BE(lengthAt);
  if (body.length < length)
    throw unreadable(`the file is truncated: ${length - body.length} of ${length} bytes are missing`);
  if (body.length > length || !hashOf(body).equals(bytes.subarray(hashAt, bodyAt))) {
    throw unreadable("the file was modified: its checksum is wrong");
  }
  const journal: unknown = decode(brotliDecompressSync(body));
  if (isJournal(journal)) return journal;
  throw unreadable("the file doesn't contain the journal of a lab");
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
      advice: "Set WIREBOOK_REPLAY to an existing recording, or unset it.",
      cause,
    });
  }
}

/**
 * Writes a recording to a file atomically: to a temporary file first, which then replaces the existing one.
 *
 * @throws LabError `DISK_FULL`, `RECORDING_UNREADABLE` if the file can't be written.
 */
export function saveJournal(journal: Journal, path: string): void {
  const temporary = `${path}.${process.pid}.part`;
  try {
    writeFileSync(temporary, writeJournal(journal));
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const full = ["ENOSPC", "EDQUOT"].includes(errno(cause));
    throw new LabError(full ? "DISK_FULL" : "RECORDING_UNREADABLE", {
      where: path,
      found: `the recording cannot be written (${reason(cause)})`,
      advice:
        "The lab is not affected. Free disk space or choose another path for WIREBOOK_RECORD, and run the notebook again.",
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
