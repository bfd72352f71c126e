import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { home } from "../../kernel/setup/home";
import { type RunningJupyterLab, startJupyterLab } from "../../kernel/setup/jupyterlab";
import { list, text, textsOf } from "./comparisons";

const themes = { light: "JupyterLab Light", dark: "JupyterLab Dark" };

/** A picture that JupyterLab drew. */
export interface Chart {
  /** The number of its cell among the code cells, from 1. */
  readonly cell: number;
  /** How many shapes and texts it has; on a canvas, where there are none to count, how many pixels are painted. */
  readonly marks: number;
  /** Its text alternative: the same facts in words. */
  readonly text: string;
}

/** What a reader saw of a notebook that ran to its end. */
export interface NotebookRun {
  /** `cell 3: Error: …`, for each error output. */
  readonly errors: readonly string[];
  /** `cell 3: …`, for each text on standard error. */
  readonly stderr: readonly string[];
  readonly charts: readonly Chart[];
  /** The plain text of each result, picture or not. */
  readonly results: readonly string[];
  readonly seconds: number;
}

/**
 * Starts a JupyterLab of its own on a copy of the notebooks, and opens it in the system's Chromium. Nothing of the
 * user's is read or written, and the page reaches only 127.0.0.1.
 *
 * @param notebooks - the folder to copy; default: `notebooks`.
 */
export async function openJupyterLab(notebooks: string = join(home, "notebooks")): Promise<LabInBrowser> {
  mkdirSync(join(home, ".wirebook"), { recursive: true });
  // Inside the clone, so that a notebook finds the library as it does in its own folder.
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
  // All cells are in the page at once: what is outside of the window is drawn too.
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
    return new LabInBrowser(folder, lab, browser);
  } catch (error) {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A JupyterLab, and the browser in which it is open. */
export class LabInBrowser {
  /** Requests that the page made to anything but this machine; no name is resolved for them. */
  readonly outside: string[] = [];
  /** What the page reported as broken. */
  readonly problems: string[] = [];
  #page: Page | undefined;

  constructor(
    readonly folder: string,
    readonly lab: RunningJupyterLab,
    readonly browser: Browser,
  ) {}

  /** Opens a notebook, runs all its cells and waits until they have ended and their pictures are drawn. */
  async runNotebook(path: string, deadline = 180_000): Promise<NotebookRun> {
    const page = await this.#open(path);
    page.setDefaultTimeout(deadline);
    const begun = Date.now();
    await page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready");
    await page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')");
    // Vega draws a moment after the output has come.
    await page.waitForFunction(
      "[...document.querySelectorAll('.jp-RenderedVegaCommon5')].every((it) => it.querySelector('svg, canvas'))",
    );
    const seconds = (Date.now() - begun) / 1000;
    const notebook: unknown = await page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON()");
    const { errors, stderr, texts } = outputs(notebook);
    return { errors, stderr, charts: await charts(page, texts), results: textsOf(notebook), seconds };
  }

  /**
   * Saves a picture of each cell's outputs in the notebook that ran last.
   *
   * @returns the files written: `FOLDER/02-docker-cell03-dark.png`.
   */
  async screenshots(folder: string, theme: "light" | "dark"): Promise<readonly string[]> {
    const page = this.#page;
    if (page === undefined) throw new Error("runNotebook() first: no notebook is open");
    await page.evaluate(
      `jupyterapp.commands.execute('apputils:change-theme', { theme: '${themes[theme]}' })`,
    );
    await page.locator(`body[data-jp-theme-name="${themes[theme]}"]`).waitFor({ state: "attached" });
    // High enough for the tallest picture: what is outside of the notebook's window is cut off.
    await page.setViewportSize({ width: 1280, height: 2600 });
    mkdirSync(folder, { recursive: true });
    const files: string[] = [];
    for (const [index, cell] of (await codeCells(page)).entries()) {
      const output = cell.locator(".jp-Cell-outputWrapper");
      if ((await cell.locator(".jp-OutputArea-output").count()) === 0) continue;
      const number = String(index + 1).padStart(2, "0");
      const file = join(folder, `${this.#name}-cell${number}-${theme}.png`);
      await output.screenshot({ path: file, animations: "disabled" });
      files.push(file);
    }
    return files;
  }

  /** Ends the browser, JupyterLab and its kernels, and removes the copy. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.lab.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #name = "";
  #opened = 0;

  async #open(path: string): Promise<Page> {
    // What the page before asks while it is closed fails, and that is no fault of it.
    this.#page?.removeAllListeners("pageerror");
    // The kernel of the notebook before ends as well, and with it what its labs still hold.
    await this.#page?.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()");
    await this.#page?.close();
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 1000 } });
    this.#page = page;
    this.#name = basename(path, ".ipynb");
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && hostname !== "127.0.0.1") this.outside.push(request.url());
    });
    const address = new URL(this.lab.url);
    // A workspace for each: JupyterLab would open what the one before had open, too.
    const workspace = `notebook-${++this.#opened}`;
    await page.goto(`${address.origin}/lab/workspaces/${workspace}/tree/${path}?token=${this.lab.token}`);
    await page.locator(".jp-NotebookPanel .jp-CodeCell").first().waitFor();
    return page;
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
