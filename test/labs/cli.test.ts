import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

jest.setTimeout(60_000);

function wirebook(
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; text: string } {
  const program = join(__dirname, "..", "..", "lib", "bin", "wirebook.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, text: stdout + stderr };
}

test("doctor finds everything after set-up", () => {
  const { code, text } = wirebook(["doctor"]);
  expect(text).not.toContain("✕");
  expect(text.match(/^✓ .*$/gm)?.map((line) => line.slice(2, line.indexOf(":")))).toEqual([
    "Node",
    "engine",
    "images",
    "Python environment",
    "kernel",
  ]);
  expect(code).toBe(0);
});

test("doctor says what to do when no engine answers", () => {
  const { code, text } = wirebook(["doctor"], { DOCKER_HOST: "unix:///nowhere/docker.sock" });
  expect(code).toBe(1);
  expect(text).toMatch(/✕ engine: NO_ENGINE {2}unix:\/\/\/nowhere\/docker\.sock \(DOCKER_HOST\).*\n {4}\S/);
});

test("install registers the kernel where it is told", () => {
  const prefix = mkdtempSync(join(tmpdir(), "wirebook-prefix-"));
  try {
    const { code, text } = wirebook(["install", "--prefix", prefix]);
    expect(text).toContain("registered");
    expect(code).toBe(0);
    expect(existsSync(join(prefix, "share", "jupyter", "kernels", "wirebook", "kernel.json"))).toBe(true);
  } finally {
    rmSync(prefix, { recursive: true });
  }
});

test("an unknown command is answered with the known ones", () => {
  const { code, text } = wirebook(["docter"]);
  expect(code).toBe(2);
  expect(text).toContain("unknown command 'docter'");
  expect(text).toContain("look whether this machine has what Wirebook needs");
});
