import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type LabInBrowser, openJupyterLab } from "./browser";
import { notebookFolder, writeNotebook } from "./notebook";

jest.setTimeout(180_000);

const vega = {
  $schema: "https://vega.github.io/schema/vega-lite/v5.json",
  usermeta: { embedOptions: { renderer: "svg", actions: false } },
  data: { values: [{ a: 1 }, { a: 2 }, { a: 3 }] },
  mark: "point",
  encoding: { x: { field: "a", type: "quantitative" } },
};
const bundle = { "application/vnd.vegalite.v5+json": vega, "text/plain": "three points" };

const cells = {
  good: [`({ [Symbol.for("Jupyter.display")]: () => (${JSON.stringify(bundle)}) })`, `console.log("a line")`],
  bad: [`const n: number = 1; n`, `throw new TypeError("on purpose")`, `console.log("never reached")`],
};

let notebooks: string;
let lab: LabInBrowser;

beforeAll(async () => {
  notebooks = notebookFolder();
  for (const [name, sources] of Object.entries(cells))
    writeNotebook(join(notebooks, `${name}.ipynb`), sources);
  lab = await openJupyterLab(notebooks);
});

afterAll(async () => {
  await lab.close();
  rmSync(notebooks, { recursive: true, force: true });
});

test("draws a chart of three points in both themes, and sends no request to other machines", async () => {
  const run = await lab.runNotebook("good.ipynb");
  expect(run.errors).toEqual([]);
  expect(run.stderr).toEqual([]);
  expect(run.charts).toHaveLength(1);
  expect(run.charts[0]).toEqual({ cell: 1, marks: expect.any(Number), text: "three points" });
  expect(run.charts[0]?.marks).toBeGreaterThanOrEqual(3);
  for (const theme of ["light", "dark"] as const) {
    const files = await lab.screenshots(join(lab.folder, "pictures"), theme);
    expect(files.map((file) => file.slice(file.lastIndexOf("/") + 1))).toEqual([
      `good-cell01-${theme}.png`,
      `good-cell02-${theme}.png`,
    ]);
    for (const file of files) expect(statSync(file).size).toBeGreaterThan(100);
  }
  expect(lab.outside).toEqual([]);
  expect(lab.problems).toEqual([]);
});

test("reports the number of the cell that throws an error", async () => {
  const run = await lab.runNotebook("bad.ipynb");
  expect(run.errors).toEqual(["cell 2: TypeError: on purpose"]);
});
