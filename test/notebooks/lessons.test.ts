import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../kernel/setup/home";
import { Engine, label } from "../../lib/engine";
import { type LabInBrowser, type NotebookRun, openJupyterLab } from "./browser";
import { agrees, witnessedIn, wrongComparisons } from "./comparisons";

jest.setTimeout(300_000);

const folder = join(home, "notebooks");
const lessons = readdirSync(folder)
  .filter((name) => name.endsWith(".ipynb"))
  .sort();
const pictures = join(home, ".wirebook", "pictures");

/** The chapters that run at the same time: one of them often waits for containers. */
const CONCURRENT = 2;

/** What a chapter showed in JupyterLab. */
interface Lesson extends NotebookRun {
  readonly problems: readonly string[];
  readonly outside: readonly string[];
}

let lab: LabInBrowser;
const taught = new Map<string, Promise<Lesson>>();

beforeAll(async () => {
  lab = await openJupyterLab(folder);
  const lanes: Promise<unknown>[] = Array.from({ length: CONCURRENT }, () => Promise.resolve());
  for (const [index, name] of lessons.entries()) {
    const lane = index % CONCURRENT;
    const lesson = Promise.resolve(lanes[lane]).then(() => teach(name));
    taught.set(name, lesson);
    // If a chapter fails, only its own test reports it.
    lanes[lane] = lesson.catch(() => undefined);
  }
});

afterAll(async () => {
  await Promise.allSettled(taught.values());
  await lab.close();
});

/** Opens a chapter, runs it and closes it. */
async function teach(name: string): Promise<Lesson> {
  const notebook = await lab.open(name);
  try {
    const run = await notebook.run();
    // For visual review: a test cannot judge how a picture looks.
    if (process.env["WIREBOOK_PICTURES"]) {
      await notebook.screenshots(pictures, "light");
      await notebook.screenshots(pictures, "dark");
    }
    return { ...run, problems: notebook.problems(), outside: notebook.outside };
  } finally {
    await notebook.close();
  }
}

describe.each(lessons)("%s in JupyterLab", (name) => {
  it("runs without errors, draws every picture, observes the expected results, and the kernel agrees with every path", async () => {
    const run = await taught.get(name);
    if (run === undefined) throw new Error(`${name} was not started`);
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

    expect(run.outside).toEqual([]);
    expect(run.problems).toEqual([]);
    expect(await left(expected.labs)).toEqual([]);
  });
});
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
