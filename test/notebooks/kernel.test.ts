import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { home, jupyterEnv, program } from "../../kernel/setup/home";

jest.setTimeout(180_000);

test.each([
  ["Jupyter's own conformance tests", "test_kernel.py"],
  ["the tests for nbclient and nbgrader", "test_graders.py"],
])("%s pass", (_, script) => {
  const { status, stdout, stderr } = spawnSync(
    program("python"),
    [join(home, "kernel", "conformance", script), "-v"],
    {
      encoding: "utf8",
      env: { ...process.env, ...jupyterEnv() },
    },
  );
  expect(`${stdout}${stderr}`.trim().split("\n").at(-1)).toMatch(/^OK/);
  expect(status).toBe(0);
});
