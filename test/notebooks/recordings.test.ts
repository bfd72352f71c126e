import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { home, jupyterEnv, program } from "../../kernel/setup/home";
import { recordingBeside } from "../../lib/lab/recording/open-lab";
import { agrees, textsOf, unlistedQuestions, witnessedIn, wrongComparisons } from "./comparisons";

jest.setTimeout(300_000);

const folder = join(home, "notebooks");
const chapters = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

test("every question of every chapter is in the table of expected observations", () => {
  expect(chapters.flatMap((name) => unlistedQuestions(name, read(join(folder, name))))).toEqual([]);
});

test("reports a comparison that differs from the table, is not in it, or is missing", () => {
  const shown = (question: string, observed: string): string =>
    `${question}\n  predicted: x\n  observed:  ${observed}\n✕ Not as predicted. Why.`;
  const right = [
    shown("Which interfaces does a new namespace have?", "lo"),
    "a text that is no comparison",
    shown("Has blue's end a carrier when red's is down?", "no"),
    shown("Addresses learned before anybody spoke?", "0"),
    shown("What becomes of tap0 when its program ends?", "it is gone"),
  ];
  const wrong = (texts: readonly string[]): readonly string[] =>
    wrongComparisons("01-linux-networking.ipynb", texts);
  expect(wrong(right)).toEqual([]);
  expect(wrong(right.map((each) => each.replace("observed:  no", "observed:  yes")))).toHaveLength(1);
  expect(
    wrong(right.map((each) => each.replace("predicted: x", "predicted: 0").replace("✕ Not as", "✓ As"))),
  ).toHaveLength(4);
  expect(wrong(right.slice(0, -1))).toEqual([expect.stringContaining("was not compared")]);
  expect(wrong([...right, shown("What else?", "much")])).toEqual([
    expect.stringContaining("not in the table"),
  ]);
  expect(wrongComparisons("11-new.ipynb", [])).toHaveLength(1);
});

test("every chapter has a recording, and without an engine it replays with the same observations", () => {
  const missing = chapters.filter((name) => !existsSync(recordingBeside(join(folder, name)) ?? ""));
  expect(missing).toEqual([]);

  const report = mkdtempSync(join(tmpdir(), "wirebook-replay-"));
  try {
    const script = join(home, "kernel", "setup", "chapters.py");
    const env = { ...process.env, ...jupyterEnv(), DOCKER_HOST: "unix:///nowhere.sock" };
    const args = [script, "--replay", "--report", join(report, "chapters.xml")];
    const { status, stdout } = spawnSync(program("python"), args, { encoding: "utf8", env });
    expect(stdout.split("\n").filter((line) => line.startsWith("✕"))).toEqual([]);
    expect(status).toBe(0);
    expect(stdout).toContain(`${chapters.length} notebooks passed, 0 failed`);
    const results = chapters.map((name) => ({ name, texts: textsOf(read(join(report, name))) }));
    expect(results.flatMap(({ name, texts }) => wrongComparisons(name, texts))).toEqual([]);
    const witnessed = results.flatMap(({ name, texts }) =>
      witnessedIn(texts).map((line) => ({ name, line })),
    );
    expect(witnessed.filter(({ line }) => !agrees(line))).toEqual([]);
  } finally {
    rmSync(report, { recursive: true });
  }
});
