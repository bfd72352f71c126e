import { LabError, type Shell } from "../../engine";
import type { NodeApp } from "./node-app";

/** An app that is busy in this many checks is considered started. */
const CHECKS = 30;
const CHECK_INTERVAL_MS = 10;
/** Time within which the runtime must execute the app's program after the engine reported the start. */
const RUNTIME_TIMEOUT_MS = 20_000;

/**
 * Waits until an app has started: its process sleeps for the first time, or stays busy for 0.3 s.
 *
 * @param shell - a shell on the engine's machine, which sees the processes of all containers.
 * @throws LabError `CONTAINER_EXITED` if the app has ended.
 */
export async function untilStarted(app: NodeApp, shell: Shell): Promise<void> {
  const { pid } = await app.state();
  const end = performance.now() + RUNTIME_TIMEOUT_MS;
  for (let checks = 0; checks < CHECKS; ) {
    const { stdout } = await shell.run(`cat /proc/${pid}/stat`);
    if (pid === 0 || stdout === "")
      throw await appExited(app, await app.engine.containers.wait(app.container));
    if (!isRuntime(stdout)) {
      if (isSleeping(stdout)) return;
      checks += 1;
    } else if (performance.now() > end) return;
    await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
  }
}

/** Returns the error for an app that has ended, with the last lines that it printed. */
export async function appExited(app: NodeApp, code: number | undefined): Promise<LabError> {
  const output = (await app.logs(3).catch(() => "")).trim().replaceAll("\n", " / ");
  return new LabError("CONTAINER_EXITED", {
    where: app.name,
    found: `it ended with exit code ${code ?? "unknown"}${output === "" ? "" : `: ${output}`}`,
    advice: 'Use a command that keeps running, for example { command: ["sleep", "infinity"] }.',
  });
}

/** True if the process sleeps: proc(5), stat. */
function isSleeping(stat: string): boolean {
  return /^\d+ \(.*\) [SIT] /.test(stat);
}

/** True if the process is still the runtime, which has not yet executed the app's program. */
function isRuntime(stat: string): boolean {
  return /^\d+ \((?:runc:|crun|youki)/.test(stat);
}
