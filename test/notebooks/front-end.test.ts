import { rmSync } from "node:fs";
import { join } from "node:path";
import { type LabInBrowser, type OpenNotebook, openJupyterLab } from "./browser";
import { notebookFolder, writeNotebook } from "./notebook";

jest.setTimeout(180_000);

const cells = [
  'function add(left: number, right: number) { return left + right }\nconst keep = 5; "ready"',
  "[1].ma",
  'console.log("started"); for (;;) {}',
  'typeof keep === "number" ? "kept" : "lost"',
  '"Hello " + prompt("Your name?")',
  `const size = widgets.slider({ max: 9, description: "size" });
   const area = widgets.output();
   size.onChange((value) => { area.clear(); area.print("size is", value) });
   display(size);
   area`,
  'const answer = widgets.radioButtons({ options: ["yes", "no", "perhaps"], description: "answer" });\nanswer',
  "answer.value",
  `const counter = widgets.custom({
     esm: \`export default { render({ model, el }) {
       const button = document.createElement("button");
       const show = () => { button.textContent = "clicked " + model.get("count"); };
       button.addEventListener("click", () => { model.set("count", model.get("count") + 1); model.save_changes(); });
       model.on("change:count", show);
       show();
       el.append(button);
     } }\`,
     state: { count: 0 },
   });
   counter`,
  "counter.get('count') * 100",
];

let notebooks: string;
let lab: LabInBrowser;
let notebook: OpenNotebook;

beforeAll(async () => {
  notebooks = notebookFolder();
  writeNotebook(join(notebooks, "kernel.ipynb"), cells);
  lab = await openJupyterLab(notebooks);
  notebook = await lab.open("kernel.ipynb");
  notebook.page.setDefaultTimeout(60_000);
  await (await notebook.start(0)).getByText("'ready'").waitFor();
});

afterAll(async () => {
  await notebook.close();
  await lab.close();
  rmSync(notebooks, { recursive: true, force: true });
});

/** Puts the cursor at the end of a cell. */
async function edit(cell: number): Promise<void> {
  await notebook.cell(cell).locator(".cm-content").click();
  await notebook.page.keyboard.press("Control+End");
}

test("Tab opens a list of completions with their kinds", async () => {
  await edit(1);
  await notebook.page.keyboard.press("Tab");
  const item = notebook.page.locator(".jp-Completer-item", { hasText: "map" }).first();
  await item.waitFor();
  expect(await item.textContent()).toMatch(/map\s*method/);
  await notebook.page.keyboard.press("Escape");
});

test("Shift-Tab shows the signature of the function", async () => {
  await edit(0);
  await notebook.page.keyboard.type("\nadd(1, ");
  await notebook.page.keyboard.press("Shift+Tab");
  const tooltip = notebook.page.locator(".jp-Tooltip");
  await tooltip.waitFor();
  expect(await tooltip.textContent()).toContain("function add(left: number, right: number): number");
  expect(await tooltip.textContent()).toContain("Argument 2: right: number");
  await notebook.page.keyboard.press("Escape");
});

test("Interrupt ends an endless loop, and variables are kept", async () => {
  const loop = await notebook.start(2);
  await loop.getByText("started").waitFor();
  await notebook.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')");
  await loop
    .getByText(/Interrupted/)
    .first()
    .waitFor();
  await (await notebook.start(3)).getByText("'kept'").waitFor();
});

test("a cell asks for input", async () => {
  const asks = await notebook.start(4);
  const box = asks.locator(".jp-Stdin-input");
  await box.waitFor();
  await box.fill("Ann");
  await box.press("Enter");
  await asks.getByText("'Hello Ann'").waitFor();
});

test("a slider calls a cell back", async () => {
  const shown = await notebook.start(5);
  const handle = shown.locator(".noUi-handle");
  await handle.waitFor();
  await handle.focus();
  await notebook.page.keyboard.press("ArrowRight");
  await shown.getByText("size is 1").waitFor();
  await notebook.page.keyboard.press("ArrowRight");
  await shown.getByText("size is 2").waitFor();
});

test("radio buttons keep their value when the page is loaded again", async () => {
  const asked = await notebook.start(6);
  await asked.getByLabel("perhaps").check();
  await (await notebook.start(7)).getByText("'perhaps'").waitFor();
  await notebook.evaluate("jupyterapp.commands.execute('docmanager:save')");
  await notebook.page.reload();
  const radio = notebook.cell(6).getByLabel("perhaps");
  await radio.waitFor();
  expect(await radio.isChecked()).toBe(true);
});

test("a custom widget has a front end of its own", async () => {
  const shown = await notebook.start(8);
  await shown.getByRole("button", { name: "clicked 0" }).click();
  await shown.getByRole("button", { name: "clicked 1" }).waitFor();
  await (await notebook.start(9)).getByText("100", { exact: true }).waitFor();
});

test("Restart forgets the variables", async () => {
  await notebook.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready");
  await notebook.evaluate("void jupyterapp.commands.execute('notebook:restart-kernel')");
  await notebook.page.locator(".jp-Dialog .jp-mod-accept").click();
  const cell = await notebook.start(7);
  await cell
    .getByText(/Cannot find name 'answer'/)
    .first()
    .waitFor();
});
