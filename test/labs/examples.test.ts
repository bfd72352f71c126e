import { join } from "node:path";
import { exampleFiles, needsEngine, publicNames, runExamples, withExamples } from "../examples/examples";

test("the examples in the docstrings that open a lab run", () => {
  const names = publicNames();
  return withExamples(names, async (folder) => {
    const files = [...exampleFiles(names)].filter(([, example]) => needsEngine(example));
    expect(files.length).toBeGreaterThan(0);
    expect(runExamples(["--engine", ...files.map(([file]) => join(folder, file))])).toBeUndefined();
  });
}, 900_000);
