import { readFileSync } from "node:fs";
import { type Client, shown, within } from "./client";

/** Whether a process runs. A zombie does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until a process has ended. */
export async function waitForEnd(pid: number, milliseconds: number): Promise<void> {
  const gone = async () => {
    while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(milliseconds, `the end of process ${pid}`, gone());
}

/** The process that runs the cells. */
export async function executorPid(client: Client): Promise<number> {
  return Number(/\d+/.exec(shown((await client.run("process.pid")).messages)[0] ?? "")?.[0]);
}
