import { Client, type Outcome, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  await client.run("let kept = 42;");
});
afterAll(() => client.close());

/** Starts a cell that prints "go", interrupts it then, and waits for its end. */
async function interrupted(code: string): Promise<Outcome> {
  const cell = await client.begin(`console.log("go");\n${code}`);
  await client.printed(cell.id, "go\n");
  const { reply } = await client.ask("interrupt_request", {}, "control");
  expect(reply["status"]).toBe("ok");
  return cell.outcome;
}

const kept: readonly [string, string][] = [
  ["a busy loop", "while (true) {}"],
  ["a busy loop in a function that catches", "for (;;) { try { while (true) {} } catch {} }"],
  ["a busy loop after an await", "await new Promise((r) => setTimeout(r, 5)); for (;;) {}"],
  ["a busy loop of microtasks", "while (true) await null"],
  ["a busy loop in a timer", "setTimeout(() => { while (true) {} }, 5); await new Promise(() => {})"],
  ["a loop that prints", "for (;;) console.log('x'.repeat(100))"],
  ["a pending await", "await new Promise(() => {})"],
  ["a loop of awaits", "for (;;) await new Promise((r) => setTimeout(r, 10))"],
  ["a synchronous wait for a child process", `require("child_process").execSync("sleep 60")`],
  [
    "an asynchronous wait for a child process",
    `const { exec } = require("child_process"); await new Promise((ok, no) => exec("sleep 60", (e: unknown) => (e ? no(e) : ok(0))))`,
  ],
  ["an endless regular expression", `/(a+)+$/.test("a".repeat(60) + "b")`],
];

test.each(kept)(
  "an interrupt ends %s, and the variables stay",
  async (_, code) => {
    const outcome = await interrupted(code);
    expect(outcome.reply).toMatchObject({ status: "error", ename: "Interrupted" });
    expect(shown(outcome.messages).at(-1)).toMatch(/^error: Interrupted: /);
    expect(shown((await client.run("kept")).messages)).toEqual(["result: 42"]);
  },
  180_000,
);

test("a child process that ignores the signal is killed", async () => {
  const outcome = await interrupted(`require("child_process").execSync("trap '' INT; sleep 60; sleep 60")`);
  expect(outcome.reply["ename"]).toBe("Interrupted");
  expect(shown((await client.run("kept")).messages)).toEqual(["result: 42"]);
});

test("an interrupt aborts the cell's signal, and the cell may then end by itself", async () => {
  const outcome = await interrupted(
    `const { signal } = (globalThis as any)[Symbol.for("Jupyter.cell")];
     await new Promise((r) => signal.addEventListener("abort", r));
     console.log("cleaned up"); "done"`,
  );
  expect(shown(outcome.messages)).toEqual(["stdout: go\ncleaned up\n", "result: 'done'"]);
  expect(outcome.reply["status"]).toBe("ok");
});

test("an error that the interrupt led to is the cause of the interrupt", async () => {
  const outcome = await interrupted(
    `const { signal } = (globalThis as any)[Symbol.for("Jupyter.cell")];
     await new Promise((_, no) => signal.addEventListener("abort", () => no(new Error("exec was stopped"))));`,
  );
  expect(outcome.reply["ename"]).toBe("Interrupted");
  expect(String(outcome.reply["traceback"])).toMatch(/exec was stopped/);
});

test("code that cannot be stopped costs the executor, and the error says so", async () => {
  const modern = Number.parseInt(process.versions.node, 10) >= 24;
  const outcome = await interrupted(`await 1; /(a+)+$/.test("a".repeat(60) + "b")`);
  expect(outcome.reply["ename"]).toBe("Interrupted");
  if (!modern) expect(String(outcome.reply["traceback"])).toMatch(/All variables are lost/);
  await client.run("kept = 42", {});
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
});

test("an interrupt when nothing runs does nothing", async () => {
  expect((await client.ask("interrupt_request", {}, "control")).reply["status"]).toBe("ok");
  expect(shown((await client.run("2 + 2")).messages)).toEqual(["result: 4"]);
});

test("an interrupt aborts queued cells", async () => {
  const cell = await client.begin('console.log("go"); await new Promise(() => {})');
  const behind = await client.begin("5");
  await client.printed(cell.id, "go\n");
  await client.ask("interrupt_request", {}, "control");
  expect((await cell.outcome).reply["status"]).toBe("error");
  expect((await behind.outcome).reply["status"]).toBe("aborted");
});
