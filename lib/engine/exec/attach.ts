import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";

/** How often the container is checked while the engine has not replied. */
const CHECK_INTERVAL_MS = 500;

/**
 * Starts an exec and returns its streams.
 *
 * If the container ends while the exec starts, the engine may never reply (seen with Docker 20.10: it neither starts the
 * program nor reports an error, and keeps the connection open). Until the engine replies, this function therefore checks
 * regularly that the container is running.
 *
 * @param signal - cancels the start.
 * @throws Error of the engine, or with the text `Container ID is not running`.
 */
export async function attach(
  docker: Docker,
  container: string,
  exec: Docker.Exec,
  signal?: AbortSignal,
): Promise<Duplex> {
  const request = new AbortController();
  const replied = new AbortController();
  const cancel = (): void => request.abort();
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  const started = exec.start({ hijack: true, stdin: true, abortSignal: request.signal });
  try {
    return await Promise.race([started, failWhenEnded(docker, container, exec, replied.signal)]);
  } catch (error) {
    cancel();
    // If the exec starts after we gave up, destroy its stream.
    started.then(
      (stream) => stream.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    replied.abort();
    signal?.removeEventListener("abort", cancel);
  }
}

/** Rejects when the container can't run this exec any more. Never resolves. */
async function failWhenEnded(
  docker: Docker,
  container: string,
  exec: Docker.Exec,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    await pause(CHECK_INTERVAL_MS, undefined, { signal });
    const { State } = await docker.getContainer(container).inspect();
    if (!State.Running) throw new Error(`Container ${container} is not running`);
    // If the container was restarted since the last check, the exec doesn't exist any more and this throws.
    await exec.inspect();
  }
}
