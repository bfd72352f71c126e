import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { ProcessDuplex } from "./process-duplex";

/** ssh_config(5), ConnectTimeout. */
const CONNECT_SECONDS = 30;
/** ssh_config(5), ServerAliveInterval and ServerAliveCountMax: ssh ends after 30 s without a reply. */
const KEEP_ALIVE = { seconds: 10, count: 3 } as const;

/** Connections that are opened at the same time. sshd drops some of them above ten (sshd_config(5), MaxStartups). */
const MAX_OPENING = 5;

/** The machine of an engine that is reached by ssh. */
export interface SshTarget {
  readonly host: string;
  readonly user?: string;
  readonly port?: string;
}

/**
 * Opens connections to an engine by ssh like the docker command does: each connection runs `docker system dial-stdio` on
 * the remote machine, so nothing but sshd has to listen there. A connection is returned after the engine has replied to a
 * ping on it, so a request is never sent on a connection that could not be opened.
 *
 * ssh runs in BatchMode and never prompts, because a notebook has no terminal. Keys come from the agent or ~/.ssh.
 */
export class SshDialer {
  readonly #target: SshTarget;
  readonly #waiting: (() => void)[] = [];
  #opening = 0;

  constructor(target: SshTarget) {
    this.#target = target;
  }

  /** @throws Error with the last line that ssh or the remote docker wrote to stderr. */
  async open(signal: AbortSignal): Promise<Duplex> {
    if (this.#opening >= MAX_OPENING) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#opening++;
    try {
      return await SshDuplex.open(sshArguments(this.#target), signal);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#opening--;
    }
  }
}

/** Returns the arguments of ssh(1) for one connection. */
export function sshArguments({ host, user, port }: SshTarget): readonly string[] {
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    "-T",
    ...["-o", "BatchMode=yes"],
    ...["-o", `ConnectTimeout=${CONNECT_SECONDS}`],
    ...["-o", `ServerAliveInterval=${KEEP_ALIVE.seconds}`, "-o", `ServerAliveCountMax=${KEEP_ALIVE.count}`],
    "--",
    host,
    "docker",
    "system",
    "dial-stdio",
  ];
}

const PING_REQUEST = "HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";

/** The stdin and stdout of an ssh process as one stream. */
class SshDuplex extends ProcessDuplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #stderr = "";

  static open(argv: readonly string[], signal: AbortSignal): Promise<SshDuplex> {
    // In its own session: interrupting a cell sends SIGINT to the kernel's whole process group.
    const child = spawn("ssh", argv, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const stream = new SshDuplex(child);
    return new Promise((resolve, reject) => {
      const cancel = (): void => void stream.destroy(new Error("the connection was cancelled"));
      signal.addEventListener("abort", cancel, { once: true });
      if (signal.aborted) cancel();
      const fail = (error: Error): void => reject(error);
      const end = (): void => reject(new Error("docker system dial-stdio ended before the engine replied"));
      stream.once("error", fail).once("close", end);
      let response = "";
      const read = (chunk: Buffer): void => {
        response += chunk.toString("latin1");
        if (!response.includes("\r\n\r\n")) return;
        child.stdout.off("data", read);
        signal.removeEventListener("abort", cancel);
        stream.off("error", fail).off("close", end);
        stream.#pipeStdout();
        resolve(stream);
      };
      child.stdout.on("data", read);
      child.stdin.write(PING_REQUEST);
    });
  }

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    super();
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-2_000);
    });
    // The "close" handler reports a broken pipe, with the reason from stderr.
    child.stdin.on("error", () => undefined);
    child.once("error", (error) => this.destroy(error));
    child.once("close", (code) => this.#ended(code));
  }

  #ended(code: number | null): void {
    if (code === 0 && this.readableLength > 0) {
      this.once("end", () => this.destroy());
      return;
    }
    const reason = this.#stderr.trim().split("\n").at(-1) || `ssh ended with exit code ${code}`;
    this.destroy(code === 0 ? undefined : Object.assign(new Error(reason.trim()), { code: "ECONNRESET" }));
  }

  #pipeStdout(): void {
    const { stdout } = this.#child;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stdout.once("end", () => this.push(null));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe.destroy();
    this.#child.unref();
    done(error);
  }

  protected override setRef(how: "ref" | "unref"): void {
    this.#child[how]();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      const method: unknown = Reflect.get(pipe, how);
      if (typeof method === "function") method.call(pipe);
    }
  }
}
