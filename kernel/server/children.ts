import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Seconds since it started. */
  readonly age: number;
}

/** Clock ticks of /proc: 100 a second on every Linux (USER_HZ). */
const TICKS = 100;

/** The fields of /proc/PID/stat; see proc(5). The name may hold blanks and brackets, so count after the last one. */
function readProcess(pid: number, uptime: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [parent, session, start] = [fields[1], fields[3], fields[19]].map(Number);
    if (parent === undefined || session === undefined || start === undefined) return undefined;
    return { pid, parent, session, age: uptime - start / TICKS };
  } catch {
    return undefined; // it ended meanwhile
  }
}

/**
 * The processes that a process started, and theirs, of at most this age: those that a cell waits for.
 * Who left for a session of its own (`detached`) is not meant by an interrupt, as in a terminal.
 * Where there is no /proc, none are known.
 */
export function childrenOf(ancestor: number, maxAge: number): number[] {
  let pids: string[];
  let uptime: number;
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  } catch {
    return [];
  }
  const all = pids.flatMap((pid) => readProcess(Number(pid), uptime) ?? []);
  const session = all.find(({ pid }) => pid === ancestor)?.session;
  const family = new Set([ancestor]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all
    .filter(
      ({ pid, session: own, age }) => pid !== ancestor && family.has(pid) && own === session && age <= maxAge,
    )
    .map(({ pid }) => pid);
}

/** Sends a signal to processes, of which some may have ended. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // it ended meanwhile
    }
  }
}
