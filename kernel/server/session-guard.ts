import { type ChildProcess, spawn } from "node:child_process";
import { SESSION_MARKER } from "../link/process-tree";

/**
 * Waits for the end of its input: the server has ended. Gives the executor the time to end by itself. Then kills what
 * is left of its session. `$1` is the executor, which leads the session, `$2` its marker.
 */
const SCRIPT = `
read -r _
for _ in 1 2 3 4 5 6 7 8; do kill -0 "$1" 2>/dev/null || break; sleep 1; done
for folder in /proc/[0-9]*; do
  grep -qs "${SESSION_MARKER}=$2" "$folder/environ" || continue
  read -r stat < "$folder/stat" || continue
  session=$(set -- \${stat##*) }; echo "$4")
  [ "$session" = "$1" ] && kill -9 "\${folder#/proc/}"
done
`;

/**
 * A small process that ends the child processes of cells when the server and the executor were both killed with
 * SIGKILL: no code of theirs runs then.
 */
export class SessionGuard {
  readonly #shell: ChildProcess;

  constructor(executor: number, marker: string) {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT, "wirebook-guard", String(executor), marker], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#shell.on("error", () => {}); // without a shell, only the server and the executor end the children
    this.#shell.stdin?.on("error", () => {});
    this.#shell.unref();
  }

  /** Ends the guard. Call it when the executor's session has ended. */
  dismiss(): void {
    this.#shell.kill("SIGKILL");
  }
}
