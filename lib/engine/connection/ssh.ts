import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { ProcessDuplex } from "./process-duplex";

/** Seconds for a machine to answer, and of silence after which it counts as gone. */
const connectSeconds = 30;
const silence = { seconds: 10, times: 3 } as const;

/** Connections that may be opened at once: sshd refuses some of more than ten (sshd_config(5), MaxStartups). */
const MOST_OPENING = 5;

/** Where an engine is reached by ssh. */
export interface SshTarget {
  readonly host: string;
  readonly user?: string;
  readonly port?: string;
}

/**
 * Opens connections to an engine by ssh, as the docker command does: the far side's own `docker system dial-stdio`
 * carries each, so that nothing listens there but sshd. A connection has answered once before it is given out, so that a
 * request is never sent into one that cannot be made.
 *
 * It asks nothing (BatchMode): a notebook has nobody at a terminal. Keys come from the agent or ~/.ssh, as always.
 */
export class SshDialer {
  readonly #target: SshTarget;
  readonly #turns: (() => void)[] = [];
  #opening = 0;

  constructor(target: SshTarget) {
    this.#target = target;
  }

  /** @throws the last words of ssh, or of the far side's docker. */
  async open(signal: AbortSignal): Promise<Duplex> {
    if (this.#opening >= MOST_OPENING) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#opening++;
    try {
      return await SshDuplex.open(sshArguments(this.#target), signal);
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#opening--;
    }
  }
}

/** The arguments of ssh(1) for one connection. */
export function sshArguments({ host, user, port }: SshTarget): readonly string[] {
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    "-T",
    ...["-o", "BatchMode=yes"],
    ...["-o", `ConnectTimeout=${connectSeconds}`],
    ...["-o", `ServerAliveInterval=${silence.seconds}`, "-o", `ServerAliveCountMax=${silence.times}`],
    "--",
    host,
    "docker",
    "system",
    "dial-stdio",
  ];
}

const hello = "HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";

/** The two pipes of one ssh as one stream. */
class SshDuplex extends ProcessDuplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #complaint = "";

  static open(argv: readonly string[], signal: AbortSignal): Promise<SshDuplex> {
    // In a session of its own: an interrupt of the notebook's kernel is for its whole process group.
    const child = spawn("ssh", argv, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const stream = new SshDuplex(child);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => void stream.destroy(new Error("the connection was given up"));
      signal.addEventListener("abort", giveUp, { once: true });
      if (signal.aborted) giveUp();
      const fail = (error: Error): void => reject(error);
      const end = (): void => reject(new Error("docker system dial-stdio ended without an answer"));
      stream.once("error", fail).once("close", end);
      let answer = "";
      const read = (chunk: Buffer): void => {
        answer += chunk.toString("latin1");
        if (!answer.includes("\r\n\r\n")) return;
        child.stdout.off("data", read);
        signal.removeEventListener("abort", giveUp);
        stream.off("error", fail).off("close", end);
        stream.#carry();
        resolve(stream);
      };
      child.stdout.on("data", read);
      child.stdin.write(hello);
    });
  }

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    super();
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2_000);
    });
    // A pipe that breaks is told by the end of ssh, with its reason.
    child.stdin.on("error", () => undefined);
    child.once("error", (error) => this.destroy(error));
    child.once("close", (code) => this.#ended(code));
  }

  #ended(code: number | null): void {
    if (code === 0 && this.readableLength > 0) {
      this.once("end", () => this.destroy());
      return;
    }
    const reason = this.#complaint.trim().split("\n").at(-1) || `ssh ended with exit code ${code}`;
    this.destroy(code === 0 ? undefined : Object.assign(new Error(reason.trim()), { code: "ECONNRESET" }));
  }

  #carry(): void {
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

  protected override hold(how: "ref" | "unref"): void {
    this.#child[how]();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      const method: unknown = Reflect.get(pipe, how);
      if (typeof method === "function") method.call(pipe);
    }
  }
}
