import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { home } from "../../kernel/setup/home";
import { type RunningJupyterLab, startJupyterLab } from "../../kernel/setup/jupyterlab";
import { list, text, textsOf } from "./comparisons";
import { judgePage, PageLog } from "./page-log";

const themes = { light: "JupyterLab Light", dark: "JupyterLab Dark" };

/** A picture in JupyterLab. */
interface Chart {
  /** The number of its cell among the code cells, from 1. */
  readonly cell: number;
  /** Number of shapes and texts in an SVG, or of painted pixels on a canvas. */
  readonly marks: number;
  /** The text alternative, with the same facts. */
  readonly text: string;
}

/** The visible results of a notebook after all its cells have run. */
export interface NotebookRun {
  /** `cell 3: Error: …`, for each error output. */
  readonly errors: readonly string[];
  /** `cell 3: …`, for each text on standard error. */
  readonly stderr: readonly string[];
  readonly charts: readonly Chart[];
  /** The plain text of each result, including pictures. */
  readonly results: readonly string[];
  readonly seconds: number;
}

/**
 * Starts a separate JupyterLab on a copy of the notebooks, and opens it in the system's Chromium. Does not read or
 * write the user's Jupyter files. The page can only connect to 127.0.0.1.
 *
 * @param notebooks - the folder to copy; default: `notebooks`.
 */
export async function openJupyterLab(notebooks: string = join(home, "notebooks")): Promise<LabInBrowser> {
  mkdirSync(join(home, ".wirebook"), { recursive: true });
  // Inside the clone, so that the notebooks can resolve the library.
  const folder = mkdtempSync(join(home, ".wirebook", "browser-"));
  cpSync(notebooks, join(folder, "notebooks"), { recursive: true });
  const settings = join(
    folder,
    "state",
    "config",
    "lab",
    "user-settings",
    "@jupyterlab",
    "notebook-extension",
  );
  mkdirSync(settings, { recursive: true });
  // Renders all cells at once, including those outside the viewport.
  writeFileSync(join(settings, "tracker.jupyterlab-settings"), JSON.stringify({ windowingMode: "none" }));
  let lab: RunningJupyterLab | undefined;
  try {
    lab = await startJupyterLab({
      folder: join(folder, "notebooks"),
      state: join(folder, "state"),
      port: 0,
      exposeApp: true,
    });
    const browser = await chromium.launch({
      executablePath: process.env["WIREBOOK_CHROMIUM"] ?? "/usr/bin/chromium",
      chromiumSandbox: process.getuid?.() !== 0,
      args: [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    });
    // One context for all notebooks, so that only the first one loads JupyterLab's scripts from the server.
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    return new LabInBrowser(folder, lab, browser, context);
  } catch (error) {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A running JupyterLab, and the browser in which it is open. */
export class LabInBrowser {
  #opened = 0;

  constructor(
    readonly folder: string,
    readonly lab: RunningJupyterLab,
    readonly browser: Browser,
    readonly context: BrowserContext,
  ) {}

  /** Opens a notebook in its own page. Several can be open at the same time. */
  async open(path: string): Promise<OpenNotebook> {
    const page = await this.context.newPage();
    const log = new PageLog(page);
    const address = new URL(this.lab.url);
    // Use a new workspace for each notebook. Otherwise JupyterLab would also reopen the previous one.
    const workspace = `notebook-${++this.#opened}`;
    await page.goto(`${address.origin}/lab/workspaces/${workspace}/tree/${path}?token=${this.lab.token}`);
    await page.locator(".jp-NotebookPanel .jp-CodeCell").first().waitFor();
    return new OpenNotebook(this.lab, path, page, log);
  }

  /** Stops the browser, JupyterLab and its kernels, and removes the copy. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.lab.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A notebook that is open in a page. */
export class OpenNotebook {
  readonly #lab: RunningJupyterLab;
  readonly #path: string;
  readonly #page: Page;
  readonly #log: PageLog;

  constructor(lab: RunningJupyterLab, path: string, page: Page, log: PageLog) {
    this.#lab = lab;
    this.#path = path;
    this.#page = page;
    this.#log = log;
  }

  /** URLs of requests to other machines. They cannot succeed, because the browser does not resolve their names. */
  get outside(): readonly string[] {
    return this.#log.outside;
  }

  /** Returns the errors of the page so far, and prints those that are not ours. See {@link judgePage}. */
  problems(): readonly string[] {
    const { problems, explained } = judgePage(this.#log.events(), new URL(this.#lab.url).origin);
    for (const each of explained) console.log(`${this.#path}: the page reported: ${each}`);
    return problems;
  }

  /** The page, for tests of the front end. */
  get page(): Page {
    return this.#page;
  }

  /** Starts a code cell (from 0) and does not wait for its end. */
  async start(cell: number): Promise<Locator> {
    await this.#page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready");
    await this.#page.evaluate(`void (jupyterapp.shell.currentWidget.content.activeCellIndex = ${cell})`);
    await this.#page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')");
    return this.cell(cell);
  }

  /** A code cell in the page, from 0. */
  cell(cell: number): Locator {
    return this.#page.locator(".jp-NotebookPanel .jp-CodeCell").nth(cell);
  }

  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown> {
    return this.#page.evaluate(expression);
  }

  /** Runs all cells, and waits until they have finished and their pictures are drawn. */
  async run(deadlineMs = 180_000): Promise<NotebookRun> {
    const page = this.#page;
    page.setDefaultTimeout(deadlineMs);
    const begun = Date.now();
    await page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready");
    await page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')");
    // Vega draws shortly after the output arrives.
    await page.waitForFunction(
      "[...document.querySelectorAll('.jp-RenderedVegaCommon5')].every((it) => it.querySelector('svg, canvas'))",
    );
    const seconds = (Date.now() - begun) / 1000;
    const notebook: unknown = await page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON()");
    const { errors, stderr, texts } = outputs(notebook);
    return { errors, stderr, charts: await charts(page, texts), results: textsOf(notebook), seconds };
  }

  /**
   * Saves a screenshot of the outputs of each cell.
   *
   * @returns the files written: `FOLDER/02-docker-cell03-dark.png`.
   */
  async screenshots(folder: string, theme: "light" | "dark"): Promise<readonly string[]> {
    const page = this.#page;
    await page.evaluate(
      `jupyterapp.commands.execute('apputils:change-theme', { theme: '${themes[theme]}' })`,
    );
    await page.locator(`body[data-jp-theme-name="${themes[theme]}"]`).waitFor({ state: "attached" });
    // High enough for the tallest picture. Anything outside the viewport would be cut off.
    await page.setViewportSize({ width: 1280, height: 2600 });
    mkdirSync(folder, { recursive: true });
    const files: string[] = [];
    for (const [index, cell] of (await codeCells(page)).entries()) {
      const output = cell.locator(".jp-Cell-outputWrapper");
      if ((await cell.locator(".jp-OutputArea-output").count()) === 0) continue;
      const number = String(index + 1).padStart(2, "0");
      const file = join(folder, `${basename(this.#path, ".ipynb")}-cell${number}-${theme}.png`);
      await output.screenshot({ path: file, animations: "disabled" });
      files.push(file);
    }
    return files;
  }

  /** Closes the page, and stops the notebook's kernel, which also removes any labs that are still open. */
  async close(): Promise<void> {
    await this.#page.close();
    const { origin } = new URL(this.#lab.url);
    const headers = { Authorization: `token ${this.#lab.token}` };
    // Requests of the test, not of the page: Chromium may abort those (see ./page-log).
    const sessions: unknown = await (await fetch(`${origin}/api/sessions`, { headers })).json();
    for (const session of Array.isArray(sessions) ? sessions : []) {
      if (text(session, "path") !== this.#path) continue;
      const { ok, status } = await fetch(`${origin}/api/sessions/${text(session, "id")}`, {
        method: "DELETE",
        headers,
      });
      if (!ok) throw new Error(`${this.#path}: Jupyter's server did not stop the kernel: ${status}`);
    }
  }
}
async function codeCells(page: Page): Promise<Locator[]> {
  return page.locator(".jp-NotebookPanel .jp-CodeCell").all();
}

const chartType = "application/vnd.vegalite.v5+json";
const shapes = "svg g[class*='mark-'] :is(path, rect, text, line, circle, image)";
const painted = `(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 0).length;
}`;

async function charts(page: Page, texts: readonly string[]): Promise<Chart[]> {
  const found: Chart[] = [];
  for (const [index, cell] of (await codeCells(page)).entries()) {
    for (const chart of await cell.locator(".jp-RenderedVegaCommon5").all()) {
      const canvas = chart.locator("canvas");
      const marks =
        (await canvas.count()) > 0
          ? await canvas.first().evaluate(painted)
          : await chart.locator(shapes).count();
      found.push({ cell: index + 1, marks: Number(marks), text: texts[found.length] ?? "" });
    }
  }
  return found;
}

function outputs(notebook: unknown): { errors: string[]; stderr: string[]; texts: string[] } {
  const errors: string[] = [];
  const stderr: string[] = [];
  const texts: string[] = [];
  const cells = list(notebook, "cells").filter((cell) => text(cell, "cell_type") === "code");
  for (const [index, cell] of cells.entries()) {
    for (const output of list(cell, "outputs")) {
      const kind = text(output, "output_type");
      if (kind === "error")
        errors.push(`cell ${index + 1}: ${text(output, "ename")}: ${text(output, "evalue")}`);
      if (kind === "stream" && text(output, "name") === "stderr")
        stderr.push(`cell ${index + 1}: ${text(output, "text")}`);
      const data: unknown = Reflect.get(Object(output), "data");
      if (Reflect.has(Object(data), chartType)) texts.push(text(data, "text/plain"));
    }
  }
  return { errors, stderr, texts };
}
