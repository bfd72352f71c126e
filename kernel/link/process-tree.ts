import { existsSync, readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly ageSeconds: number;
}

/** The unit of times in /proc: 100 ticks a second on every Linux (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * The fields of /proc/PID/stat from the third one, the state; see proc(5). They start after the last bracket,
 * because the second field, the name, may contain brackets.
 */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined; // the process has ended
  }
}

function readProcess(pid: number, uptimeSeconds: number): Process | undefined {
  const fields = statFields(pid);
  if (!fields) return undefined;
  const [parent, session, start] = [fields[1], fields[3], fields[19]].map(Number);
  if (parent === undefined || session === undefined || start === undefined) return undefined;
  return { pid, parent, session, ageSeconds: uptimeSeconds - start / TICKS_PER_SECOND };
}

/** Lists all processes. Without /proc, the result is empty. */
function processes(): Process[] {
  try {
    const uptimeSeconds = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => readProcess(Number(pid), uptimeSeconds) ?? []);
  } catch {
    return [];
  }
}

/**
 * Returns the descendants of a process that started at most `maxAgeSeconds` ago: those of the running cell.
 * Processes in another session (`detached`) are left out; an interrupt in a terminal does not reach them either.
 * Without /proc, the result is empty.
 */
export function childrenOf(ancestor: number, maxAgeSeconds: number): number[] {
  const all = processes();
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

/** The environment variable that marks the processes of an executor. */
export const SESSION_MARKER = "WIREBOOK_EXECUTOR";

/**
 * Kills the processes that an executor has left in its session. A process that was started as `detached` has its
 * own session and is not killed. Without /proc, kills only the executor's process group.
 *
 * @param session - the executor's process id. It leads the session.
 * @param marker - the value of {@link SESSION_MARKER} in the executor's environment.
 * @param except - a process to spare, such as the calling executor.
 */
export function killSession(session: number, marker: string, except?: number): void {
  const members = processes().filter((each) => each.session === session && each.pid !== except);
  // If another process has been given the executor's id meanwhile, the session may be another one, too.
  const isCertain = except === session || members.every(({ pid }) => pid !== session);
  const own = members.filter(({ pid }) => isCertain || hasMarker(pid, marker));
  signal(
    own.map(({ pid }) => pid),
    "SIGKILL",
  );
  if (except === undefined && !existsSync("/proc/self")) signal([-session], "SIGKILL");
}

/** Kills the processes that the calling executor has left in its session. */
export function killOwnChildren(): void {
  killSession(process.pid, process.env[SESSION_MARKER] ?? "", process.pid);
}

function hasMarker(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${SESSION_MARKER}=${marker}`);
  } catch {
    return false; // the process has ended
  }
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

/** What a process is doing. */
export interface ProcessActivity {
  /** The CPU time that all of its threads have used. */
  readonly cpuMs: number;
  /** Whether its main thread waits for an event or a system call. */
  readonly sleeping: boolean;
}

/** Reads what a process is doing. Returns undefined without /proc, or when the process has ended. */
export function processActivity(pid: number): ProcessActivity | undefined {
  const fields = statFields(pid);
  const [userTicks, systemTicks] = [Number(fields?.[11]), Number(fields?.[12])];
  if (!fields || Number.isNaN(userTicks + systemTicks)) return undefined;
  const cpuMs = ((userTicks + systemTicks) * 1000) / TICKS_PER_SECOND;
  return { cpuMs, sleeping: fields[0] === "S" || fields[0] === "D" };
}
