import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type LabInBrowser, openJupyterLab } from "./browser";
import { notebookFolder, writeNotebook } from "./notebook";
import { type FailedRequest, judgePage } from "./page-log";

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
  const notebook = await lab.open("good.ipynb");
  const run = await notebook.run();
  expect(run.errors).toEqual([]);
  expect(run.stderr).toEqual([]);
  expect(run.charts).toHaveLength(1);
  expect(run.charts[0]).toEqual({ cell: 1, marks: expect.any(Number), text: "three points" });
  expect(run.charts[0]?.marks).toBeGreaterThanOrEqual(3);
  for (const theme of ["light", "dark"] as const) {
    const files = await notebook.screenshots(join(lab.folder, "pictures"), theme);
    expect(files.map((file) => file.slice(file.lastIndexOf("/") + 1))).toEqual([
      `good-cell01-${theme}.png`,
      `good-cell02-${theme}.png`,
    ]);
    for (const file of files) expect(statSync(file).size).toBeGreaterThan(100);
  }
  expect(notebook.outside).toEqual([]);
  expect(notebook.problems()).toEqual([]);
  await notebook.close();
});

test("reports the number of the cell that throws an error", async () => {
  const notebook = await lab.open("bad.ipynb");
  expect((await notebook.run()).errors).toEqual(["cell 2: TypeError: on purpose"]);
  await notebook.close();
});

test("reports uncaught errors and failed requests of the page", async () => {
  const notebook = await lab.open("good.ipynb");
  await notebook.evaluate(`new Promise((resolve) => {
    addEventListener("unhandledrejection", () => setTimeout(resolve));
    setTimeout(() => { throw new RangeError("a chart failed"); });
    setTimeout(() => void fetch("http://127.0.0.1:9/"));
  })`);
  const problems = notebook.problems();
  expect(problems).toContainEqual(expect.stringContaining("RangeError: a chart failed"));
  expect(problems).toContainEqual(expect.stringContaining("TypeError: Failed to fetch"));
  expect(problems).toContainEqual(expect.stringContaining("ERR_UNSAFE_PORT GET http://127.0.0.1:9/"));
  await notebook.close();
});

describe("an error of the page that Chromium causes when the addresses of the machine change", () => {
  // Errors and reasons as Chromium 156 reported them while veth pairs were added and removed.
  const origin = "http://127.0.0.1:8888";
  const error =
    "TypeError: Failed to fetch\n    at window.fetch (http://127.0.0.1:8888/static/lab/jlab_core.js:1:1)";
  const request: FailedRequest = {
    method: "GET",
    url: `${origin}/api/sessions?1764355000000`,
    reason: "net::ERR_NETWORK_CHANGED",
  };
  const judge = (failed: readonly FailedRequest[], errors: readonly string[]) =>
    judgePage({ errors, failed, refused: [] }, origin);

  test.each<[string, Partial<FailedRequest>]>([
    ["the list of sessions", {}],
    ["the layout of the window", { method: "PUT", url: `${origin}/lab/api/workspaces/notebook-1` }],
  ])("is explained by an aborted background request: %s", (_, differs) => {
    const { problems, explained } = judge([{ ...request, ...differs }], [error]);
    expect(problems).toEqual([]);
    expect(explained).toHaveLength(1);
  });

  test.each<[string, readonly FailedRequest[], readonly string[]]>([
    ["no request failed", [], [error]],
    ["the server refused the connection", [{ ...request, reason: "net::ERR_CONNECTION_REFUSED" }], [error]],
    [
      "the request was not one of JupyterLab's own",
      [{ ...request, url: `${origin}/files/data.json` }],
      [error],
    ],
    [
      "the request went to another server",
      [{ ...request, url: "http://127.0.0.1:9999/api/sessions" }],
      [error],
    ],
    ["the request starts a kernel", [{ ...request, method: "POST" }], [error]],
    ["there are more errors than aborted requests", [request], [error, error]],
    ["the error is another one", [request], ["TypeError: Failed to draw"]],
  ])("is a problem if %s", (_, failed, errors) => {
    expect(judge(failed, errors).problems.length).toBeGreaterThan(0);
  });
});
