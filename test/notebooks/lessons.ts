import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../kernel/setup/home";
import { Engine, label } from "../../lib/engine";
import { type LabInBrowser, openJupyterLab } from "./browser";
import { agrees, witnessedIn, wrongComparisons } from "./comparisons";

const folder = join(home, "notebooks");
const lessons = readdirSync(folder)
  .filter((name) => name.endsWith(".ipynb"))
  .sort();
const pictures = join(home, ".wirebook", "pictures");

/**
 * Runs half of the chapters in a separate JupyterLab. There are two test files, so that two workers can share the work.
 *
 * @param half - 0: the first, third, fifth chapter and so on; 1: the others.
 */
export function testLessons(half: 0 | 1): void {
  jest.setTimeout(300_000);
  const share = lessons.filter((_, index) => index % 2 === half);
  let lab: LabInBrowser;

  beforeAll(async () => {
    lab = await openJupyterLab(folder);
  });

  afterAll(async () => {
    await lab.close();
  });

  describe.each(share)("%s in JupyterLab", (name) => {
    it("runs without errors, draws every picture, observes the expected results, and the kernel agrees with every path", async () => {
      const run = await lab.runNotebook(name);
      expect(run.errors).toEqual([]);
      // The error messages of curl are part of the lesson, warnings of Node are not.
      expect(run.stderr.filter((text) => /warning/i.test(text))).toEqual([]);

      expect(wrongComparisons(name, run.results)).toEqual([]);

      const expected = drawn(name);
      expect(run.charts.length).toBeGreaterThanOrEqual(expected.pictures);
      expect(run.charts.filter(({ marks }) => marks < 10)).toEqual([]);

      const witnessed = witnessedIn(run.charts.map(({ text }) => text));
      expect(witnessed.filter((line) => !agrees(line))).toEqual([]);
      expect(witnessed.length).toBeGreaterThanOrEqual(expected.traces);
      const arrivals = run.charts.flatMap(({ text }) =>
        text.split("\n").filter((line) => line.startsWith("arrival: ")),
      );
      expect(arrivals.filter((line) => /^arrival: (did not arrive|not )/.test(line))).toEqual([]);
      expect(arrivals.length).toBe(witnessed.length);

      // For visual review: a test cannot judge how a picture looks.
      if (process.env["WIREBOOK_PICTURES"]) {
        await lab.screenshots(pictures, "light");
        await lab.screenshots(pictures, "dark");
      }
      expect(lab.outside).toEqual([]);
      expect(lab.problems).toEqual([]);
      expect(await left(expected.labs)).toEqual([]);
    });
  });
}

/** The expected number of pictures and traces of a chapter, and the names of the labs that it opens. */
function drawn(name: string): { pictures: number; traces: number; labs: string[] } {
  const notebook: { cells: { cell_type: string; source: string[] }[] } = JSON.parse(
    readFileSync(join(folder, name), "utf8"),
  );
  const code = notebook.cells
    .filter(({ cell_type }) => cell_type === "code")
    .map(({ source }) => source.join(""));
  const traces = code.filter((source) => /lab\.trace\(/.test(source)).length;
  const topologies = code.filter((source) => /lab\.topology\(\);?\s*$/.test(source)).length;
  const labs = code.flatMap((source) =>
    [...source.matchAll(/Lab\.open\("([^"]+)"/g)].map(([, lab]) => lab ?? ""),
  );
  return { pictures: traces + topologies, traces, labs };
}

/** Returns the containers that still exist after the chapter closed these labs. */
async function left(labs: readonly string[]): Promise<string[]> {
  const engine = await Engine.connect();
  const lists = await Promise.all(labs.map((name) => engine.containers.list({ [label.lab]: name })));
  return lists.flat().map(({ name }) => name);
}
