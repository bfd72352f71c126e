import type { Duplex } from "node:stream";
import type { Engine } from "../engine";
import type { Process } from "../exec/process";
import { ProcessDuplex } from "./process-duplex";

/**
 * The stdin and stdout of a program in a container as one stream, fit to carry HTTP.
 *
 * @param signal - nobody needs the stream any more: one that is only being opened is given up.
 * @throws LabError as {@link Engine.open}.
 */
export async function execDuplex(
  engine: Engine,
  container: string,
  argv: readonly string[],
  signal?: AbortSignal,
): Promise<Duplex> {
  const stream = new ExecDuplex();
  const process = await engine.open(container, argv, {
    ...(signal ? { signal } : {}),
    sink: { stdout: (chunk) => void stream.push(chunk), stderr: (chunk) => stream.complain(chunk) },
  });
  stream.carry(process);
  return stream;
}

class ExecDuplex extends ProcessDuplex {
  #process: Process | undefined;
  #complaint = "";

  carry(process: Process): void {
    this.#process = process;
    const ended = (): void => {
      if (this.#complaint !== "" && !this.destroyed)
        this.destroy(new Error(`ECONNRESET ${this.#complaint.trim()}`));
      else this.push(null);
    };
    process.exit.then(ended, (error: unknown) => this.destroy(error instanceof Error ? error : undefined));
  }

  complain(chunk: Buffer): void {
    this.#complaint += chunk.toString();
  }

  override _read(): void {
    // The engine sends as it comes; what is not yet read waits in this stream's buffer.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#process?.write(chunk).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.#process?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#process?.destroy();
    done(error);
  }

  protected override hold(how: "ref" | "unref"): void {
    this.#process?.[how]();
  }
}
