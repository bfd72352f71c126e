import type { Duplex } from "node:stream";
import { withoutUndefined } from "../../without-undefined";
import type { Engine } from "../engine";
import type { Process } from "../exec/process";
import { ProcessDuplex } from "./process-duplex";

/**
 * Runs a program in a container and returns its stdin and stdout as one stream, over which an http.Agent can send requests.
 *
 * @param signal - cancels the start. It has no effect once the stream is open.
 * @throws LabError the codes of {@link Engine.open}.
 */
export async function execDuplex(
  engine: Engine,
  container: string,
  argv: readonly string[],
  signal?: AbortSignal,
): Promise<Duplex> {
  const stream = new ExecDuplex();
  const process = await engine.open(container, argv, {
    ...withoutUndefined({ signal }),
    sink: { stdout: (chunk) => void stream.push(chunk), stderr: (chunk) => stream.addStderr(chunk) },
  });
  stream.attach(process);
  return stream;
}

class ExecDuplex extends ProcessDuplex {
  #process: Process | undefined;
  #stderr = "";

  attach(process: Process): void {
    this.#process = process;
    const ended = (): void => {
      if (this.#stderr !== "" && !this.destroyed)
        this.destroy(new Error(`ECONNRESET ${this.#stderr.trim()}`));
      else this.push(null);
    };
    process.exit.then(ended, (error: unknown) => this.destroy(error instanceof Error ? error : undefined));
  }

  addStderr(chunk: Buffer): void {
    this.#stderr += chunk.toString();
  }

  override _read(): void {
    // An exec can't be paused: the engine pushes output as it arrives, and this stream buffers it.
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

  protected override setRef(how: "ref" | "unref"): void {
    this.#process?.[how]();
  }
}
