import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { home, jupyterEnv, program } from "../../kernel/setup/home";
import { recordingBeside } from "../../lib/lab/recording/door";

jest.setTimeout(300_000);

const folder = join(home, "notebooks");
const chapters = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

test("every chapter has a recording beside it, and runs from it where there is no engine", () => {
  const missing = chapters.filter((name) => !existsSync(recordingBeside(join(folder, name)) ?? ""));
  expect(missing).toEqual([]);

  const report = mkdtempSync(join(tmpdir(), "wirebook-replay-"));
  try {
    const script = join(home, "kernel", "setup", "chapters.py");
    const env = { ...process.env, ...jupyterEnv(), DOCKER_HOST: "unix:///nowhere.sock" };
    const args = [script, "--replay", "--report", join(report, "chapters.xml")];
    const { status, stdout } = spawnSync(program("python"), args, { encoding: "utf8", env });
    expect(stdout.split("\n").filter((line) => line.startsWith("✕"))).toEqual([]);
    expect(status).toBe(0);
    expect(stdout).toContain(`${chapters.length} notebooks passed, 0 failed`);
  } finally {
    rmSync(report, { recursive: true });
  }
});
