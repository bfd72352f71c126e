import { spawnSync } from "node:child_process";
import { join } from "node:path";

test("an engine that can't be reached fails with NO_ENGINE however it is specified, and the process keeps running", () => {
  const script = join(__dirname, "unreachable-engine.cjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    timeout: 110_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const codes: Record<string, string> = JSON.parse(stdout);
  expect(Object.keys(codes).length).toBeGreaterThan(50);
  expect(Object.entries(codes).filter(([, code]) => code !== "NO_ENGINE")).toEqual([]);
}, 120_000);
