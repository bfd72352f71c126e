import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Channel } from "../wire/connection";

const CHANNELS: readonly Channel[] = ["shell", "iopub", "stdin", "control", "hb"];
const BIN = path.join(__dirname, "..", "bin", "wirebook-kernel.js");

/** The command line of our kernel. */
export const ourKernel = (file: string): readonly string[] => [
  process.execPath,
  BIN,
  "server",
  "--connection-file",
  file,
];

/** A kernel that was started. */
export interface KernelProcess {
  readonly process: ChildProcess;
  /** The key of its messages. */
  readonly key: string;
  /** The ZeroMQ address of a channel. */
  address(channel: Channel): string;
  /** Removes its connection file and sockets. */
  remove(): void;
}

type Ports = Readonly<Record<string, number>>;

function start(
  transport: "ipc" | "tcp",
  ports: Ports,
  command: (file: string) => readonly string[],
  cwd: string | undefined,
  env: NodeJS.ProcessEnv,
): KernelProcess {
  const folder = mkdtempSync(path.join(tmpdir(), "wirebook-kernel-"));
  const key = randomUUID();
  const file = path.join(folder, "connection.json");
  const ip = transport === "ipc" ? path.join(folder, "socket") : "127.0.0.1";
  const numbers = Object.fromEntries(CHANNELS.map((channel) => [`${channel}_port`, ports[channel]]));
  const settings = { transport, ip, key, signature_scheme: "hmac-sha256", kernel_name: "", ...numbers };
  writeFileSync(file, JSON.stringify(settings));
  const [program = "", ...args] = command(file);
  return {
    process: spawn(program, args, {
      cwd: cwd ?? folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    }),
    key,
    address: (channel) => `${transport}://${ip}${transport === "ipc" ? "-" : ":"}${ports[channel]}`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Starts our kernel in a folder (default: a new, empty one). */
export function startKernel(cwd?: string, env: NodeJS.ProcessEnv = {}): KernelProcess {
  const ports = Object.fromEntries(CHANNELS.map((channel, at) => [channel, at + 1]));
  return start("ipc", ports, ourKernel, cwd, env);
}

/** Starts any kernel, over TCP, in a new folder. */
export async function startOverTcp(command: (file: string) => readonly string[]): Promise<KernelProcess> {
  const ports: Record<string, number> = {};
  for (const channel of CHANNELS) ports[channel] = await freePort();
  return start("tcp", ports, command, undefined, {});
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
