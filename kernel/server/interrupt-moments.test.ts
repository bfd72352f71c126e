import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, type Outcome, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "wirebook-interrupt-"));
  writeFileSync(path.join(folder, "spin.ts"), "export function spin(): void {\n  while (true) {}\n}\n");
  client = await start();
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<Client> {
  const started = await Client.start(folder);
  await started.run(`import * as cp from "node:child_process"; import * as fs from "node:fs"; import * as net from "node:net";
    const keep = 42; let ticks = 0; const log: string[] = []; const fifo = ${JSON.stringify(path.join(folder, "fifo"))};
    cp.execSync("rm -f " + fifo + "; mkfifo " + fifo);`);
  return started;
}

/** Code that runs until it is interrupted. */
const endless: readonly (readonly [string, string])[] = [
  ["a busy loop", "while (true) {}"],
  ["a pending timer", "await new Promise((r) => setTimeout(r, 20_000)); 1"],
  ["a promise that never settles", "await new Promise(() => {})"],
  ["spawnSync", `cp.spawnSync("sleep", ["20"])`],
  ["spawnSync before other code", `cp.spawnSync("sleep", ["20"]); log.push("must not run")`],
  ["a child process that ignores SIGINT", `cp.execSync("trap '' INT; sleep 20; echo x")`],
  [
    "a request to a server that does not answer",
    "const srv = net.createServer(() => {}).listen(0); await fetch('http://127.0.0.1:' + (srv.address() as net.AddressInfo).port)",
  ],
  ["a loop with finally", `try { while (true) {} } finally { log.push("finally ran") }`],
  ["a loop that catches everything", "while (true) { try { while (true) {} } catch {} }"],
  [
    "a recursive function",
    "function fib(n: number): number { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(60)",
  ],
  [
    "a loop of microtasks by await",
    "async function loop(): Promise<void> { await 0; return loop() } await loop()",
  ],
  ["a regular expression", `/^(a+)+$/.test("a".repeat(45) + "b")`],
  ["a loop inside of Array.from", "Array.from({ length: 4e9 }, (_, i) => i)"],
  ["a loop of immediates", "await new Promise(() => { const f = () => setImmediate(f); f() })"],
  ["a loop of calls", `while (true) JSON.parse("[1]")`],
  ["Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
  ["an endless generator", "function* g() { while (true) yield 1 } for (const x of g()) {}"],
  ["a loop in a comparison function", "[3, 2, 1].sort(() => { for (;;) {} })"],
  ["a FIFO that nobody writes", "fs.readFileSync(fifo)"],
  ["a loop in a local file", `import { spin } from "./spin"; spin()`],
  [
    "a loop of awaits",
    "for (let i = 0; i < 10_000; i++) { await new Promise((r) => setTimeout(r, 10)); ticks++ }",
  ],
];

/**
 * Cells whose interrupt may end the process, and with it the variables: their chain of promises grows with each round, and
 * the garbage collection of a long one can stop the process for longer than an interrupt waits.
 */
const mayCostProcess: ReadonlySet<string> = new Set(["a loop of microtasks by await"]);

/** An idle machine needs less than a second. CI machines share their CPUs. */
const MAX_IDLE_MS = 4_000;

async function interruptAfter(code: string, delayMs: number): Promise<{ outcome: Outcome; idleMs: number }> {
  const cell = await client.begin(code);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const interruptedMs = performance.now();
  await client.send("control", "interrupt_request", {});
  const outcome = await cell.outcome;
  return { outcome, idleMs: performance.now() - interruptedMs };
}

const moments: readonly (readonly [string, number])[] = [
  ["while it is converted", 0],
  ["right after it started", 100],
  ["after 1.2 s", 1_200],
];

describe.each(endless)("an interrupt of %s", (name, code) => {
  test.each(moments)("%s", async (_, delayMs) => {
    const { outcome, idleMs } = await interruptAfter(code, delayMs);
    expect(idleMs).toBeLessThan(MAX_IDLE_MS);
    expect(outcome.reply).toMatchObject({ status: "error", ename: "Interrupted" });
    expect(shown(outcome.messages).at(-1)).toMatch(/^error: Interrupted: /);
    if (/All variables are lost/.test(String(outcome.reply["traceback"]))) {
      await client.close();
      client = await start();
      expect([...mayCostProcess]).toContain(name);
    }
    expect(shown((await client.run("keep")).messages)).toEqual(["result: 42"]);
    expect(shown((await client.run("log.includes('must not run')")).messages)).toEqual(["result: false"]);
  });
});

test("an interrupt of an endless chain of microtasks may cost the process, and the error says so", async () => {
  const cell = await client.begin(
    'console.log("go"); const tick = (): Promise<unknown> => Promise.resolve().then(tick); await tick()',
  );
  await client.printed(cell.id, "go\n");
  await client.send("control", "interrupt_request", {});
  const { reply } = await cell.outcome;
  expect(reply).toMatchObject({ status: "error", ename: "Interrupted" });
  const kept = shown((await client.run("typeof keep")).messages)[0] ?? "";
  if (kept !== "result: 'number'") expect(String(reply["traceback"])).toMatch(/All variables are lost/);
  await client.close();
  client = await start();
});

test("a finally block of a stopped loop and of a stopped await runs", async () => {
  for (const code of [
    `try { console.log("go"); for (;;) {} } finally { log.push("loop") }`,
    `try { console.log("go"); await new Promise(() => {}) } finally { log.push("await") }`,
  ]) {
    const cell = await client.begin(code);
    await client.printed(cell.id, "go\n");
    await client.send("control", "interrupt_request", {});
    expect((await cell.outcome).reply["ename"]).toBe("Interrupted");
  }
  expect(shown((await client.run("log.join()")).messages)).toEqual(["result: 'loop,await'"]);
});

const leftovers: readonly (readonly [string, string])[] = [
  [
    "a loop of awaits",
    "for (;;) { await new Promise((r) => setTimeout(r, 30)); ticks++; console.log(ticks) }",
  ],
  ["code after an await", "await new Promise((r) => setTimeout(r, 600)); ticks++; console.log(ticks); 5"],
  [
    "a function that catches errors of an await",
    "const again = async (): Promise<void> => { try { await new Promise((r) => setTimeout(r, 30)); } catch {} ticks++; return again() }; await again()",
  ],
  ["an interval", "setInterval(() => { ticks++; console.log(ticks) }, 30); await new Promise(() => {})"],
  [
    "a chain of timers",
    "const next = () => { ticks++; setTimeout(next, 30) }; next(); await new Promise(() => {})",
  ],
  [
    "a for await loop",
    "async function* numbers() { for (;;) { await new Promise((r) => setTimeout(r, 30)); yield 1 } }\nfor await (const n of numbers()) ticks += n",
  ],
];

test.each(leftovers)("after an interrupt %s does not run on", async (_, code) => {
  const cell = await client.begin(`console.log("go"); ${code}`);
  await client.printed(cell.id, "go\n");
  await client.send("control", "interrupt_request", {});
  const { reply, messages } = await cell.outcome;
  expect(reply).toMatchObject({ status: "error", ename: "Interrupted" });
  const ticks = async () => shown((await client.run("ticks")).messages);
  const before = await ticks();
  // Longer than any of the timers above.
  await client.run("await new Promise((r) => setTimeout(r, 700))");
  expect(await ticks()).toEqual(before);
  expect(shown(client.of(cell.id))).toEqual(shown(messages));
});

test("a cell that failed because of an unhandled rejection sends no result and does not run on", async () => {
  const cell = await client.begin(
    `Promise.reject(new Error("floating")); await new Promise((r) => setTimeout(r, 200)); ticks = -1; 1`,
  );
  const { reply, messages } = await cell.outcome;
  expect(reply).toMatchObject({ status: "error", evalue: "floating" });
  await client.run("await new Promise((r) => setTimeout(r, 400))");
  expect(shown(client.of(cell.id))).toEqual(shown(messages));
  expect(shown((await client.run("ticks === -1")).messages)).toEqual(["result: false"]);
});

test("an interrupt that overtakes its cell on the way to the kernel ends the cell", async () => {
  const fresh = await Client.start(folder);
  try {
    const cells = await Promise.all([
      fresh.begin("while (true) {}"),
      fresh.send("control", "interrupt_request", {}).then(() => fresh.begin("1 + 1")),
    ]);
    expect((await cells[0].outcome).reply).toMatchObject({ status: "error", ename: "Interrupted" });
    expect(["ok", "aborted"]).toContain((await cells[1].outcome).reply["status"]);
    expect(shown((await fresh.run("2 + 2")).messages)).toEqual(["result: 4"]);
  } finally {
    await fresh.close();
  }
});

test("an interrupt aborts queued cells, even if they shall run after errors", async () => {
  const cell = await client.begin('console.log("go"); await new Promise(() => {})', { stop_on_error: false });
  const queued = await client.begin("5", { stop_on_error: false });
  await client.printed(cell.id, "go\n");
  await client.send("control", "interrupt_request", {});
  expect((await cell.outcome).reply["status"]).toBe("error");
  expect((await queued.outcome).reply["status"]).toBe("aborted");
});
