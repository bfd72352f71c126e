import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

/** Runs a cell that fails, checks what holds for every error, and returns its traceback. */
async function failure(code: string): Promise<{ ename: unknown; evalue: unknown; lines: string[] }> {
  const { reply, messages } = await client.run(code);
  const errors = messages.filter(({ header }) => header.msg_type === "error");
  expect(errors).toHaveLength(1);
  const { ename, evalue, traceback } = errors[0]?.content ?? {};
  expect(reply).toMatchObject({ status: "error", ename, evalue, traceback });
  const text = (Array.isArray(traceback) ? traceback : []).join("\n");
  expect(text.endsWith(`${ename}: ${evalue}`)).toBe(true);
  expect(text).not.toMatch(/node:internal|kernel\/dist|Symbol\.for\("wirebook/);
  return { ename, evalue, lines: text.split("\n") };
}

test("an error shows the position in the cell's TypeScript", async () => {
  const { lines } = await failure(`interface A { b: number }
const a: A = { b: 1 };
function deep(x: A): number {
  throw new RangeError("too deep");
}
deep(a);`);
  expect(lines.join("\n")).toMatch(/> 4 \| {3}throw new RangeError\("too deep"\);/);
  expect(lines.join("\n")).toMatch(/at deep \(In\[\d+\]:4:9\)\n {4}at In\[\d+\]:6:1\nRangeError: too deep$/);
});

test("an error after an await shows its position too", async () => {
  const { lines } = await failure(`const later = async () => {
  await new Promise((r) => setTimeout(r, 1));
  throw new Error("later");
};
await later();`);
  expect(lines.join("\n")).toMatch(/at later \(In\[\d+\]:3:9\)\n {4}at async In\[\d+\]:5:1\nError: later$/);
});

test("a stack frame in a function of an earlier cell names that cell", async () => {
  await client.run("function earlier() {\n  throw new Error('e');\n}");
  const count = (await client.run("0")).reply["execution_count"];
  const { lines } = await failure("earlier()");
  expect(lines).toContain(`    at earlier (In[${Number(count) - 1}]:2:9)`);
});

test("a message of several lines, the code and the causes are shown", async () => {
  const { lines, evalue } = await failure(
    `const cause = new TypeError("socket closed");
     throw Object.assign(new Error("web: no answer\\n  Start it: lab.start()", { cause }), { code: "NO_ANSWER" })`,
  );
  expect(evalue).toBe("web: no answer\n  Start it: lab.start()");
  expect(lines).toContain("TypeError: socket closed");
  expect(lines).toContain("which caused:");
  expect(lines).toContain("    code: NO_ANSWER");
  expect(lines.indexOf("TypeError: socket closed")).toBeLessThan(lines.indexOf("which caused:"));
});

test("the first frames of a package are shown, the others are counted", async () => {
  const deep = "n => { if (n === 0) throw new Error('deep'); exports.f(n - 1); }";
  const file = join(mkdtempSync(join(tmpdir(), "wirebook-")), "deep.js");
  writeFileSync(file, `exports.f = ${deep};`);
  const { lines } = await failure(`require(${JSON.stringify(file)}).f(6)`);
  const frames = lines.filter((line) => line.includes(`(${file}:`));
  expect(frames).toHaveLength(2);
  expect(lines.slice(-4)).toEqual([
    frames[1],
    "    … 5 more in packages",
    expect.stringMatching(/^ {4}at In\[\d+\]:1:/),
    "Error: deep",
  ]);
  rmSync(dirname(file), { recursive: true });
});

test("every thrown value is described", async () => {
  expect(await failure("throw 5")).toMatchObject({ ename: "Thrown", evalue: "5" });
  expect(await failure("throw null")).toMatchObject({ ename: "Thrown", evalue: "null" });
  expect(await failure("const e = new Error('x'); e.cause = e; throw e")).toMatchObject({ evalue: "x" });
  expect(await failure("throw new AggregateError([new Error('p'), 3], 'both')")).toMatchObject({
    evalue: "both",
  });
  expect(await failure("throw { get message() { throw 1 } }")).toMatchObject({ ename: "Thrown" });
});

test("a type error shows its line, and the cell does not run", async () => {
  const { ename, lines } = await failure('console.log("ran");\nconst n: number = "s";');
  expect(ename).toBe("TypeScriptError");
  expect(lines[0]).toMatch(
    /^In\[\d+\]:2:7 - error TS2322: Type 'string' is not assignable to type 'number'\.$/,
  );
  expect(lines).toContain('> 2 | const n: number = "s";');
  expect(lines).toContain("    |       ^");
});

test.each([
  "let = ;",
  "let text = 'abc",
  "const a = {\n  b: 1,",
  "if (true) {\n  f(",
  "const x = ",
  "@",
  "a b",
  "`x",
])("a syntax error in %j is one error with positions in the cell", async (code) => {
  const { ename, lines } = await failure(code);
  expect(ename).toBe("TypeScriptError");
  const last = code.split("\n").length;
  for (const line of lines) {
    const [, row, column] = /^In\[\d+\]:(\d+):(\d+) - /.exec(line) ?? [];
    if (row === undefined) continue;
    expect(Number(row)).toBeLessThanOrEqual(last);
    expect(Number(column)).toBeLessThanOrEqual((code.split("\n")[Number(row) - 1] ?? "").length + 1);
  }
});

test("stack frames do not show how cells share their variables", async () => {
  await client.run('import { execSync } from "node:child_process"; const run = (f: () => void) => f();');
  for (const code of [
    'execSync("exit 3")',
    'run(() => { throw new Error("x") })',
    "[1].map(() => { null!.x })",
  ]) {
    const { lines } = await failure(code);
    expect(lines.join("\n")).not.toMatch(/Proxy\.|exports\./);
  }
});

test("console.trace shows its message and the cell's frame, and Node's warnings do not appear", async () => {
  const { messages } = await client.run('console.trace("here %d", 1)');
  expect(shown(messages)[0]).toMatch(/^stderr: Trace: here 1\n {4}at In\[\d+\]:1:9\n$/);
  const warnings =
    await client.run(`const late = Promise.reject(new Error("handled late")).catch(() => {}); await late;
    new (require("node:events").EventEmitter)().setMaxListeners(1).on("a", () => {}).on("a", () => {});
    setTimeout(() => {}, 2 ** 40); process.emitWarning("mine"); require("node:buffer").Buffer(1); 1`);
  expect(shown(warnings.messages)).toEqual(["result: 1"]);
});

test("a rejection that is handled late prints no warning", async () => {
  const { messages } = await client.run(
    `const rejected = Promise.reject(new Error("late")); await new Promise((r) => setTimeout(r, 50)); rejected.catch(() => {}); 1`,
  );
  expect(shown(messages)).toEqual(["error: Error: late"]);
  expect(shown((await client.run("await new Promise((r) => setTimeout(r, 50)); 2")).messages)).toEqual([
    "result: 2",
  ]);
});

test("the error about a missing package says how to install it", async () => {
  const { lines } = await failure('import { x } from "no-such-package";');
  expect(lines.join("\n")).toMatch(
    /Install it in the notebook's folder: cd .* && npm install no-such-package/,
  );
  const dynamic = await failure('require("no-such-package")');
  expect(dynamic.lines.join("\n")).toMatch(/npm install no-such-package/);
});

test("variables assigned before a cell failed can be used, the others keep their old values", async () => {
  await client.run("let kept = 'old'; let gone = 'old'");
  await failure("const made = 1; let kept = 2; throw new Error('x'); let gone = 3; const nowhere = 4;");
  expect(shown((await client.run("[made, kept + 1, gone.toUpperCase()]")).messages)).toEqual([
    "result: [ 1, 3, 'OLD' ]",
  ]);
  expect((await failure("nowhere")).evalue).toMatch(/Cannot find name 'nowhere'/);
});

test("an error that nothing awaits fails the cell that runs", async () => {
  expect(
    await failure("setTimeout(() => { throw new Error('timer') }, 5); await new Promise(() => {})"),
  ).toMatchObject({
    evalue: "timer",
  });
  expect(
    await failure("void Promise.reject(new Error('promise')); await new Promise(() => {})"),
  ).toMatchObject({
    evalue: "promise",
  });
});

test("an error after a cell has ended is shown below that cell and with the next cell", async () => {
  const first = await client.begin("setTimeout(() => { throw new Error('too late') }, 50); 1");
  await first.outcome;
  const { reply, messages } = await client.run("await new Promise((r) => setTimeout(r, 400)); 2");
  expect(reply["status"]).toBe("ok");
  expect(shown(messages)).toEqual([
    expect.stringMatching(
      /^stderr: An error was thrown after In\[\d+\] had ended:\n[\s\S]*Error: too late\n$/,
    ),
    "result: 2",
  ]);
  expect(shown(client.of(first.id)).join("\n")).toMatch(
    /stderr: Uncaught, after the cell had ended:[\s\S]*Error: too late/,
  );
  expect(shown((await client.run("3")).messages)).toEqual(["result: 3"]);
});

test("an error of a display method is the error of the cell", async () => {
  expect(
    await failure('({ [Symbol.for("Jupyter.display")]() { throw new Error("no picture") } })'),
  ).toMatchObject({
    evalue: "no picture",
  });
  expect(await failure('({ [Symbol.for("Jupyter.display")]: () => 5 })')).toMatchObject({
    ename: "TypeError",
  });
});

test("an error aborts the cells that are queued, and only those", async () => {
  const failing = await client.begin("await new Promise((r) => setTimeout(r, 20)); throw new Error('first')");
  const behind = await Promise.all([client.begin("console.log(1)"), client.begin("console.log(2)")]);
  expect((await failing.outcome).reply["status"]).toBe("error");
  const next = await client.run("3");
  for (const { id, outcome } of behind) {
    expect((await outcome).reply["status"]).toBe("aborted");
    expect(shown(client.of(id))).toEqual([]);
  }
  expect(shown(next.messages)).toEqual(["result: 3"]);
});

test("a cell that fails at once aborts the cells that were sent with it", async () => {
  const cells = await Promise.all(["throw 1", "2", "3"].map((code) => client.begin(code)));
  const replies = await Promise.all(cells.map(({ outcome }) => outcome));
  expect(replies.map(({ reply }) => reply["status"])).toEqual(["error", "aborted", "aborted"]);
});

test("with stop_on_error set to false, queued cells run", async () => {
  const failing = await client.begin("throw new Error('x')", { stop_on_error: false });
  const behind = await client.begin("4");
  expect((await failing.outcome).reply["status"]).toBe("error");
  expect(shown((await behind.outcome).messages)).toEqual(["result: 4"]);
});
