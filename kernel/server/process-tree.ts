import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly ageSeconds: number;
}

/** The unit of times in /proc: 100 ticks a second on every Linux (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Reads /proc/PID/stat; see proc(5). Counts its fields after the last bracket, because the name may contain brackets. */
function readProcess(pid: number, uptimeSeconds: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [parent, session, start] = [fields[1], fields[3], fields[19]].map(Number);
    if (parent === undefined || session === undefined || start === undefined) return undefined;
    return { pid, parent, session, ageSeconds: uptimeSeconds - start / TICKS_PER_SECOND };
  } catch {
    return undefined; // the process has ended
  }
}

/**
 * Returns the descendants of a process that started at most `maxAgeSeconds` ago: those of the running cell.
 * Processes in another session (`detached`) are left out; an interrupt in a terminal does not reach them either.
 * Without /proc, the result is empty.
 */
export function childrenOf(ancestor: number, maxAgeSeconds: number): number[] {
  let pids: string[];
  let uptimeSeconds: number;
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    uptimeSeconds = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  } catch {
    return [];
  }
  const all = pids.flatMap((pid) => readProcess(Number(pid), uptimeSeconds) ?? []);
  const session = all.find(({ pid }) => pid === ancestor)?.session;
  const family = new Set([ancestor]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all
    .filter(
      ({ pid, session: own, ageSeconds }) =>
        pid !== ancestor && family.has(pid) && own === session && ageSeconds <= maxAgeSeconds,
    )
    .map(({ pid }) => pid);
}

/** Sends a signal to processes. Ignores those that have ended. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // the process has ended
    }
  }
}
