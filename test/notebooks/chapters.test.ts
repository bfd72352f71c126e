import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { home, jupyterEnv, program } from "../../kernel/setup/home";
import { notebookFolder, writeNotebook } from "./notebook";

jest.setTimeout(120_000);

let folder: string;

beforeEach(() => {
  folder = notebookFolder();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function chapters(...args: string[]): { code: number | null; text: string; report: string } {
  const report = join(folder, ".reports", "chapters.xml");
  const script = join(home, "kernel", "setup", "chapters.py");
  const { status, stdout, stderr } = spawnSync(
    program("python"),
    [script, "--folder", folder, "--report", report, ...args],
    { encoding: "utf8", env: { ...process.env, ...jupyterEnv() } },
  );
  return { code: status, text: stdout + stderr, report };
}

test("exits with code 1 and reports the notebook, cell and error if a cell throws", () => {
  writeNotebook(join(folder, "01-good.ipynb"), ["1 + 1"]);
  writeNotebook(join(folder, "02-bad.ipynb"), [
    "const n = 1;",
    "",
    `// by intent\nthrow new RangeError("on purpose")`,
    "n",
  ]);
  const { code, text, report } = chapters();
  expect(code).toBe(1);
  expect(text).toContain("✕ 02-bad.ipynb, cell 2 of 3: // by intent: RangeError: on purpose");
  expect(text).toContain("1 notebooks passed, 1 failed");
  const xml = readFileSync(report, "utf8");
  expect(xml).toContain('<testsuite name="01-good.ipynb" tests="1" failures="0"');
  expect(xml).toContain('<testsuite name="02-bad.ipynb" tests="2" failures="1"');
  expect(xml).toContain('<failure message="RangeError: on purpose" />');
});

test("a notebook fails if an error is thrown after its cell has finished", () => {
  writeNotebook(join(folder, "06-next.ipynb"), [
    `setTimeout(() => { throw new RangeError("late one") }, 50); 1`,
    "await new Promise((r) => setTimeout(r, 500)); 2",
  ]);
  writeNotebook(join(folder, "07-last.ipynb"), [
    `setTimeout(() => { throw new RangeError("late two") }, 300); 1`,
  ]);
  writeNotebook(join(folder, "08-exit.ipynb"), ["setTimeout(() => process.exit(0), 300); 1"]);
  const { code, text } = chapters();
  expect(code).toBe(1);
  expect(text).toContain("An error was thrown after In[1] had ended: RangeError: late one");
  expect(text).toContain("An error was thrown after In[1] had ended: RangeError: late two");
  expect(text).toContain("ProcessEnded");
  expect(text).toContain("0 notebooks passed, 3 failed");
});

test("runs the solutions but not the exercises", () => {
  mkdirSync(join(folder, "exercises"));
  mkdirSync(join(folder, "solutions"));
  writeNotebook(join(folder, "exercises", "03-a.ipynb"), [`throw new Error("blank")`]);
  writeNotebook(join(folder, "solutions", "03-a.ipynb"), ["1"]);
  const { code, text } = chapters("03");
  expect(text).toContain("solutions/03-a.ipynb");
  expect(text).not.toContain("blank");
  expect(code).toBe(0);
});

test("reports the cell that exceeds the time limit", () => {
  writeNotebook(join(folder, "04-slow.ipynb"), ["await new Promise(() => {})"]);
  const { code, text } = chapters("04", "--timeout", "3");
  expect(code).toBe(1);
  expect(text).toMatch(/✕ 04-slow\.ipynb, cell 1 of 1: await new Promise.*CellTimeoutError/);
});

test("reports a file that is not a notebook", () => {
  writeFileSync(join(folder, "05-broken.ipynb"), "{");
  const { code, text } = chapters();
  expect(code).toBe(1);
  expect(text).toContain("✕ 05-broken.ipynb, reading the file");
});

test("reports an unknown notebook name and the folder that was searched", () => {
  const { code, text } = chapters("99");
  expect(code).toBe(1);
  expect(text).toContain("CHAPTER_MISSING");
  expect(text).toContain(folder);
});
