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

test("doctor reports no problem after setup", () => {
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

test("doctor prints advice if no engine answers", () => {
  const { code, text } = wirebook(["doctor"], { DOCKER_HOST: "unix:///nowhere/docker.sock" });
  expect(code).toBe(1);
  expect(text).toMatch(/✕ engine: NO_ENGINE {2}unix:\/\/\/nowhere\/docker\.sock \(DOCKER_HOST\).*\n {4}\S/);
});

test("install --prefix registers the kernel in that environment", () => {
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

test.each([
  [["docter"], /^error: unknown command 'docter'\n\(Did you mean doctor\?\)\nRun "wirebook --help" .*\n$/],
  [["labs", "--al"], /^error: unknown option '--al'\nRun "wirebook labs --help" .*\n$/],
  [["trace"], /^error: required option '--src <address>' not specified\nRun "wirebook trace --help" .*\n$/],
  [["rules"], /^error: missing required argument 'file'\nRun "wirebook rules --help" .*\n$/],
])("wirebook %j prints the error and one line of advice, and exits with 2", (args, expected) => {
  const { code, text } = wirebook(args);
  expect(text).toMatch(expected);
  expect(code).toBe(2);
});
