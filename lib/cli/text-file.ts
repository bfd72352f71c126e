import { readFileSync } from "node:fs";

/** A text with the encoding it is written back in: comments may hold any bytes, and come out as they were. */
export interface TextFile {
  readonly text: string;
  readonly encoding: "utf8" | "latin1";
}

/** Why a file is no text to read. */
export interface Unreadable {
  readonly reason: string;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EAGAIN: "standard input has nothing to read",
};

function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const [code, message]: unknown[] = [Reflect.get(error, "code"), Reflect.get(error, "message")];
  return (typeof code === "string" ? REASONS[code] : undefined) ?? String(message);
}

/** Files that are often met where a text was meant, by their first bytes. */
const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ["gzip data: unpack it first (gunzip -c FILE | …)", [0x1f, 0x8b]],
  ["xz data: unpack it first (xz -dc FILE | …)", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd data: unpack it first (zstd -dc FILE | …)", [0x28, 0xb5, 0x2f, 0xfd]],
  ["text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8 FILE)", [0xff, 0xfe]],
  ["text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8 FILE)", [0xfe, 0xff]],
];

/** A byte of zero stands in no text, and iptables ends a line there. */
function decode(bytes: Buffer): TextFile | Unreadable {
  const known = MAGIC.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (known) return { reason: `it holds ${known[0]}` };
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { reason: `it is no text: byte ${zero + 1} is zero` };
  const text = bytes.toString("utf8");
  return bytes.equals(Buffer.from(text))
    ? { text, encoding: "utf8" }
    : { text: bytes.toString("latin1"), encoding: "latin1" };
}

/** Reads a text file, or standard input for `-`. */
export function readTextFile(file: string): TextFile | Unreadable {
  try {
    return decode(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}
