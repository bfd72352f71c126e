import { join } from "node:path";
import { exampleFiles, needsEngine, publicNames, runExamples, withExamples } from "../examples/examples";

test("the examples in the docstrings that open a lab run", () => {
  const names = publicNames();
  return withExamples(names, async (folder) => {
    const failures: string[] = [];
    const files = [...exampleFiles(names)].filter(([, example]) => needsEngine(example));
    for (const [file] of files) {
      const failure = runExamples([join(folder, file)]);
      if (failure !== undefined) failures.push(`${file}: ${failure}`);
    }
    expect(files.length).toBeGreaterThan(0);
    expect(failures).toEqual([]);
  });
}, 900_000);
