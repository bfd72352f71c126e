import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";

/** Milliseconds between two looks at a container in which a program is about to begin. */
const LOOK_EVERY = 500;

/**
 * Starts an exec and returns its streams.
 *
 * An engine may never answer for a program whose container ends at that very moment (seen with Docker 20.10: it neither
 * starts the program nor says that it will not, and keeps the connection). So as long as it does not answer, the
 * container is looked at.
 *
 * @param signal - gives up on it.
 * @throws the engine's own error, or one with its text for a container that does not run.
 */
export async function attach(
  docker: Docker,
  container: string,
  exec: Docker.Exec,
  signal?: AbortSignal,
): Promise<Duplex> {
  const request = new AbortController();
  const answered = new AbortController();
  const giveUp = (): void => request.abort();
  signal?.addEventListener("abort", giveUp, { once: true });
  if (signal?.aborted === true) giveUp();
  const started = exec.start({ hijack: true, stdin: true, abortSignal: request.signal });
  try {
    return await Promise.race([started, untilEnded(docker, container, exec, answered.signal)]);
  } catch (error) {
    giveUp();
    // An answer that was under way is nobody's any more.
    started.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    answered.abort();
    signal?.removeEventListener("abort", giveUp);
  }
}

/** Fails when the container can start no program of this exec any more; until then it never settles. */
async function untilEnded(
  docker: Docker,
  container: string,
  exec: Docker.Exec,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    await pause(LOOK_EVERY, undefined, { signal });
    const { State } = await docker.getContainer(container).inspect();
    if (!State.Running) throw new Error(`Container ${container} is not running`);
    // One that was started again in between has forgotten the exec.
    await exec.inspect();
  }
}
