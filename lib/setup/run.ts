import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Progress } from "./progress";

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

/** Where a command's standard output goes: an open file, or line by line to the progress. */
export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  output?: number;
}

/**
 * Runs a command to its end, its lines told as progress. It ends with this process.
 *
 * @throws Error `COMMAND_FAILED` with the command's last lines when its exit code is not 0.
 */
export function run(
  command: string,
  args: readonly string[],
  progress: Progress,
  options: RunOptions = {},
): Promise<void> {
  const spawning: SpawnOptions = { stdio: ["ignore", options.output ?? "pipe", "pipe"] };
  if (options.env !== undefined) spawning.env = { ...process.env, ...options.env };
  const child = spawn(command, args, spawning);
  running.add(child);
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > 15) last.shift();
      progress(line);
    });
  }
  return new Promise((resolve, reject) => {
    const fail = (how: string) => {
      const said = last.length === 0 ? "" : `\n${last.join("\n")}`;
      reject(new Error(`COMMAND_FAILED  ${[command, ...args].join(" ")}: ${how}${said}`));
    };
    child.once("error", (error) => fail(error.message));
    child.once("close", (code, signal) => {
      running.delete(child);
      if (code === 0) resolve();
      else fail(code === null ? `ended by ${signal}` : `exit code ${code}`);
    });
  });
}
