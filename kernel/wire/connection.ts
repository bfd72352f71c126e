import { readFileSync } from "node:fs";
import { isRecord } from "../link/is-record";

export const CHANNELS = ["shell", "iopub", "stdin", "control", "hb"] as const;
export type Channel = (typeof CHANNELS)[number];

/** The content of Jupyter's connection file. */
export interface Connection {
  /** The key of all signatures. An empty key turns signing off. */
  readonly key: string;
  /** The ZeroMQ address of each channel. */
  readonly address: Readonly<Record<Channel, string>>;
  /** The hash function of the signatures' HMAC. */
  readonly hash: string;
}

/**
 * Reads a connection file. See "Connection files" in the Jupyter client documentation.
 *
 * @throws Error when a field is missing or has an unknown value.
 */
export function readConnection(file: string): Connection {
  const content: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!isRecord(content)) throw new Error(`${file}: this is not a Jupyter connection file`);
  const { transport = "tcp", ip = "127.0.0.1", key = "", signature_scheme: scheme = "hmac-sha256" } = content;
  if (transport !== "tcp" && transport !== "ipc")
    throw new Error(`${file}: unknown transport "${transport}"; expected "tcp" or "ipc"`);
  if (typeof scheme !== "string" || !scheme.startsWith("hmac-")) {
    throw new Error(`${file}: unknown signature scheme "${scheme}"; expected one such as "hmac-sha256"`);
  }
  const address = (channel: Channel) => {
    const port = content[`${channel}_port`];
    if (typeof port !== "number") throw new Error(`${file}: ${channel}_port is missing`);
    return transport === "tcp" ? `tcp://${ip}:${port}` : `ipc://${ip}-${port}`;
  };
  return {
    key: String(key),
    hash: scheme.slice("hmac-".length),
    address: {
      shell: address("shell"),
      iopub: address("iopub"),
      stdin: address("stdin"),
      control: address("control"),
      hb: address("hb"),
    },
  };
}
