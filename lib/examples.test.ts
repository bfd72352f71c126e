import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { exampleFiles, needsEngine, publicNames, runExamples, withExamples } from "../test/examples/examples";

const home = join(__dirname, "..");
const names = publicNames();

/** Exported functions and classes that have no example yet. Remove a name when you write its example. */
const WITHOUT_EXAMPLE: readonly string[] = [
  "diffPicture",
  "ladderPicture",
  "topologyPicture",
  "traversalPicture",
  "inspectNamespace",
  "diffSnapshots",
  "findPairs",
  "Connections",
  "Capture",
  "Captured",
  "JourneyPicture",
  "PacketPath",
  "parseDump",
  "RulesError",
];

test("every exported function and class has an example, except the listed ones", () => {
  const without = names.flatMap(({ name, kind, examples }) =>
    kind === "value" && examples.length === 0 ? [name] : [],
  );
  expect(without).toEqual(WITHOUT_EXAMPLE);
});

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
