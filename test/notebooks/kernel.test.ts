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
  // On a failure, Jest prints all of the output.
  expect(`${stdout}${stderr}`.trim()).toMatch(/\nOK.*$/);
  expect(status).toBe(0);
});
