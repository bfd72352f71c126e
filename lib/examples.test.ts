import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { exampleFiles, needsEngine, publicNames, runExamples, withExamples } from "../test/examples/examples";

const home = join(__dirname, "..");
const names = publicNames();

test(
  "all examples compile, and those that need no engine run",
  () =>
    withExamples(names, async (folder) => {
      const compiler = join(home, "node_modules/typescript/bin/tsc");
      const compiled = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
      expect(compiled.stdout).toBe("");
      const pure = [...exampleFiles(names)].filter(([, example]) => !needsEngine(example));
      expect(runExamples(pure.map(([file]) => join(folder, file)))).toBeUndefined();
    }),
  240_000,
);
