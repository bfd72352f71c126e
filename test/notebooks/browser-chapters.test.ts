import { join } from "node:path";
import { home } from "../../kernel/setup/home";
import { type LabInBrowser, openJupyterLab } from "./browser";

jest.setTimeout(300_000);

/** For people to look at: each output of the chapters, in both themes. */
const pictures = join(home, ".wirebook", "pictures");

let lab: LabInBrowser;

beforeAll(async () => {
  lab = await openJupyterLab();
});

afterAll(() => lab.close());

test.each(["02-docker-networking"])(
  "%s runs to its end in JupyterLab, and all its charts are drawn",
  async (name) => {
    const run = await lab.runNotebook(`${name}.ipynb`);
    expect(run.errors).toEqual([]);
    expect(run.stderr).toEqual([]);
    expect(run.charts.length).toBeGreaterThan(0);
    // A title, a line below it and something to see: no picture of ours has fewer marks.
    expect(run.charts.filter(({ marks }) => marks < 10)).toEqual([]);
    await lab.screenshots(pictures, "light");
    await lab.screenshots(pictures, "dark");
    expect(lab.problems).toEqual([]);
    expect(lab.outside).toEqual([]);
  },
);
