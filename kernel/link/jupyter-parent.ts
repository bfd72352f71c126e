import { readFileSync } from "node:fs";

/** How often the kernel checks whether the Jupyter that started it still runs. */
export const PARENT_CHECK_INTERVAL_MS = 1_000;

/** The process id of the Jupyter that wants its kernels to end with it; undefined when it did not say so. */
export function jupyterParent(): number | undefined {
  const pid = Number(process.env["JPY_PARENT_PID"]);
  return Number.isInteger(pid) && pid > 1 && isRunning(pid) ? pid : undefined;
}

/** Whether a process runs. One that has ended, and whose parent has not noticed that yet, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return true; // a system without /proc
  }
}
