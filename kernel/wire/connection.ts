import { readFileSync } from "node:fs";
import { isRecord } from "../link/turns";

export const CHANNELS = ["shell", "iopub", "stdin", "control", "hb"] as const;
export type Channel = (typeof CHANNELS)[number];

/** What Jupyter's connection file says. */
export interface Connection {
  /** The key of all signatures; empty turns signing off. */
  readonly key: string;
  /** The address of a channel, as ZeroMQ wants it. */
  readonly address: Readonly<Record<Channel, string>>;
  /** The hash of the signatures' HMAC. */
  readonly hash: string;
}

/** Reads a connection file. See "Connection files" in the Jupyter client documentation. */
export function readConnection(file: string): Connection {
  const content: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!isRecord(content)) throw new Error(`${file}: not a connection file`);
  const { transport = "tcp", ip = "127.0.0.1", key = "", signature_scheme: scheme = "hmac-sha256" } = content;
  if (transport !== "tcp" && transport !== "ipc")
    throw new Error(`${file}: transport "${transport}" is not known`);
  if (typeof scheme !== "string" || !scheme.startsWith("hmac-")) {
    throw new Error(`${file}: signature scheme "${scheme}" is not known`);
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
