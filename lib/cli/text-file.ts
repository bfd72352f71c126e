import { readFileSync } from "node:fs";

/** A text and its encoding. Comments may contain arbitrary bytes; writing with the same encoding preserves them. */
export interface TextFile {
  readonly text: string;
  readonly encoding: "utf8" | "latin1";
}

/** Why a file cannot be read as text. */
export interface Unreadable {
  readonly reason: string;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EAGAIN: "standard input is empty",
};

function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const [code, message]: unknown[] = [Reflect.get(error, "code"), Reflect.get(error, "message")];
  return (typeof code === "string" ? REASONS[code] : undefined) ?? String(message);
}

/** Non-text files that users often pass by mistake, recognised by their first bytes. */
const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ["gzip data: unpack it first (gunzip -c FILE | …)", [0x1f, 0x8b]],
  ["xz data: unpack it first (xz -dc FILE | …)", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd data: unpack it first (zstd -dc FILE | …)", [0x28, 0xb5, 0x2f, 0xfd]],
  ["text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8 FILE)", [0xff, 0xfe]],
  ["text in UTF-16: convert it (iconv -f UTF-16 -t UTF-8 FILE)", [0xfe, 0xff]],
];

/** Decodes UTF-8, else Latin-1. Rejects NUL bytes: text has none, and iptables truncates the line there. */
function decode(bytes: Buffer): TextFile | Unreadable {
  const known = MAGIC.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (known) return { reason: `it contains ${known[0]}` };
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { reason: `it is not a text file: byte ${zero + 1} is zero` };
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
