import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, shown, within } from "../test-support/client";
import { encodeMessage, makeHeader } from "../wire/message";
import { Signer } from "../wire/signature";

jest.setTimeout(180_000);

let client: Client;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "wirebook-notebook-"));
  client = await Client.start(folder);
});
afterEach(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until a process has ended. */
async function waitForEnd(pid: number, milliseconds: number): Promise<void> {
  const gone = async () => {
    while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(milliseconds, `the end of process ${pid}`, gone());
}

async function pid(): Promise<number> {
  return Number(/\d+/.exec(shown((await client.run("process.pid")).messages)[0] ?? "")?.[0]);
}

const deaths: readonly [string, string, RegExp][] = [
  ["process.exit", "process.exit(3)", /process\.exit\(3\) was called/],
  ["kill -9", 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})', /SIGKILL/],
  ["a native crash", "process.abort()", /aborted/],
];

test.each(deaths)(
  "after %s the error says so, and the next cell has a new executor",
  async (_, code, how) => {
    await client.run("const before = 1");
    const { reply, messages } = await client.run(`console.log("said before");\n${code}`);
    expect(reply).toMatchObject({ status: "error", ename: "ProcessEnded" });
    expect(reply["evalue"]).toMatch(how);
    // Node's own report of a crash has no markers and may arrive first, because it comes through another pipe.
    expect(shown(messages)).toContainEqual(expect.stringMatching(/^stdout: said before\n/));
    expect(messages.filter(({ header }) => header.msg_type === "error")).toHaveLength(1);
    expect(shown((await client.run("const before = 2; before")).messages)).toEqual(["result: 2"]);
  },
  180_000,
);

test("all output of a process that aborts is shown, however long reading it takes", async () => {
  const { messages } = await client.run(
    "process.stdout.write('x'.repeat(3_000_000) + 'end');\nprocess.abort()",
  );
  const said = shown(messages)
    .filter((each) => each.startsWith("stdout: "))
    .map((each) => each.slice("stdout: ".length))
    .join("");
  expect([said.length, said.slice(-4)]).toEqual([3_000_003, "xend"]);
}, 180_000);

test("out of memory: the cell says so, and the kernel lives on", async () => {
  await client.close();
  client = await Client.start(folder, { NODE_OPTIONS: "--max-old-space-size=400" });
  const { reply } = await client.run("const all: object[] = []; for (;;) all.push({ all })");
  expect(reply).toMatchObject({ ename: "ProcessEnded", evalue: expect.stringMatching(/out of memory/) });
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
}, 180_000);

test("the loss of an executor between two cells is reported with the next cell", async () => {
  const first = await pid();
  await client.run("const price = 5; let total = 1");
  const last = await client.begin("setTimeout(() => process.exit(0), 50); 1");
  await last.outcome;
  await waitForEnd(first, 5_000);
  await client.until(() => shown(client.of(last.id)).length > 1, "a report below the last cell");
  const report =
    /^stderr: ProcessEnded: the process that runs the cells ended after In\[3\]: process\.exit\(0\) was called\nThese variables are lost: price, total\. A new process is ready: run the cells above again\.\n$/;
  expect(shown(client.of(last.id))).toEqual(["result: 1", expect.stringMatching(report)]);
  expect(shown((await client.run("2")).messages)).toEqual([expect.stringMatching(report), "result: 2"]);
  expect(await pid()).not.toBe(first);
});

test("kill -9 of the server ends the executor at once, and its exit hooks run", async () => {
  const executor = await pid();
  const trace = path.join(folder, "exit");
  await client.run(`process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(trace)}, "bye"))`);
  await client.fire("await new Promise(() => {})");
  client.server.kill("SIGKILL");
  await waitForEnd(executor, 2_000);
  expect(existsSync(trace)).toBe(true);
});

test("kill -9 of the server ends the executor in the middle of a busy loop", async () => {
  const executor = await pid();
  const trace = path.join(folder, "exit");
  await client.run(`process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(trace)}, "bye"))`);
  await client.printed(await client.fire('console.log("go"); for (;;) {}'), "go\n");
  client.server.kill("SIGKILL");
  await waitForEnd(executor, 2_000);
  expect(existsSync(trace)).toBe(true);
});

test("a shutdown gives listeners of SIGTERM the time to clean up", async () => {
  const executor = await pid();
  const trace = path.join(folder, "term");
  await client.run(`process.on("SIGTERM", async () => {
    await new Promise((r) => setTimeout(r, 300));
    require("fs").writeFileSync(${JSON.stringify(trace)}, "tidy");
    process.exit();
  })`);
  const { reply } = await client.ask("shutdown_request", { restart: true }, "control");
  expect(reply).toMatchObject({ status: "ok", restart: true });
  await waitForEnd(executor, 3_000);
  expect(readFileSync(trace, "utf8")).toBe("tidy");
  const { pid: server } = client.server;
  await within(
    3_000,
    "the end of the server",
    new Promise((resolve) => {
      if (client.server.exitCode === null) client.server.once("exit", resolve);
      else resolve(server);
    }),
  );
});

test("a message with a wrong signature, or sent twice, is refused", async () => {
  const header = makeHeader("execute_request", client.session);
  const content = { code: 'console.log("ran")', silent: false };
  const message = { identities: [], header, parent: {}, metadata: {}, content };
  await client.sendRaw(encodeMessage(message, new Signer("another key")));
  const frames = encodeMessage(message, client.signer);
  const reply = client.reply(header.msg_id);
  await client.sendRaw(frames);
  await client.sendRaw(frames);
  const { messages } = await client.outcome(header.msg_id, reply);
  expect(shown(messages)).toEqual(["stdout: ran\n"]);
  await client.run("1");
  expect(shown(client.of(header.msg_id))).toEqual(["stdout: ran\n"]);
  await client.close();
  expect(client.log.match(/refused a message on shell/g)).toHaveLength(2);
});

test.each([
  [
    "a shutdown request",
    async () => void (await client.ask("shutdown_request", { restart: false }, "control")),
  ],
  ["SIGTERM", async () => void client.server.kill("SIGTERM")],
  ["SIGKILL", async () => void client.server.kill("SIGKILL")],
])("the child processes of cells end with the kernel after %s", async (_, end) => {
  const { messages } = await client.run(`const cp = require("child_process");
    const sleep = cp.spawn("sleep", ["679"], { stdio: "ignore" });
    const nohup = cp.spawn("sh", ["-c", "trap '' TERM HUP INT; sleep 679; sleep 679"], { stdio: "inherit" });
    const background = cp.execSync("sleep 679 > /dev/null 2>&1 & echo $!").toString();
    const detached = cp.spawn("sleep", ["679"], { detached: true, stdio: "ignore" });
    [sleep.pid, nohup.pid, Number(background), detached.pid].join()`);
  const pids = (/[\d,]+/.exec(shown(messages)[0]?.replace("result: ", "") ?? "")?.[0] ?? "")
    .split(",")
    .map(Number);
  expect(pids).toHaveLength(4);
  const detached = pids.pop() ?? 0;
  await end();
  for (const pid of pids) await waitForEnd(pid, 20_000);
  expect(alive(detached)).toBe(true);
  process.kill(detached, "SIGKILL");
});

test("the kernel says that it is ready when both the language engine and the executor can run a cell", async () => {
  await client.close();
  client = await Client.start(folder, { WIREBOOK_DEBUG: "kernel" });
  await client.close();
  const at = (text: string) => client.log.indexOf(text);
  expect(at("language engine ready")).toBeGreaterThan(0);
  expect(at("executor reported ready")).toBeGreaterThan(0);
  const answered = at("sent kernel_info_reply");
  expect(answered).toBeGreaterThan(Math.max(at("language engine ready"), at("executor reported ready")));
});

test("WIREBOOK_DEBUG=kernel writes a log to the server's stderr, and nothing to the cell's output", async () => {
  await client.close();
  client = await Client.start(folder, { WIREBOOK_DEBUG: "engine,kernel" });
  const { messages } = await client.run(
    'require("child_process").execSync("echo child", { stdio: "inherit" }); 1',
  );
  expect(shown(messages)).toEqual(["stdout: child\n", "result: 1"]);
  const cell = await client.begin('console.log("go"); await new Promise(() => {})');
  await client.printed(cell.id, "go\n");
  await client.ask("interrupt_request", {}, "control");
  await cell.outcome;
  await client.close();
  for (const line of [
    /^kernel \S+ s {2}executor started: process \d+$/m,
    /^kernel \S+ s {2}shell received execute_request \S+$/m,
    /^kernel \S+ s {2}shell sent execute_reply ok to \S+, [\d.]+ ms after the request$/m,
    /^kernel \S+ s {2}interrupt of In\[2\] ended it after [\d.]+ ms$/m,
    /^kernel \S+ s {2}executor exited: code 0, signal null$/m,
  ])
    expect(client.log).toMatch(line);
});

test("local TypeScript is found in the notebook's folder, and loaded again after a change", async () => {
  const file = path.join(folder, "local.ts");
  expect((await client.run('import { twice } from "./local"; twice(4)')).reply["status"]).toBe("error");
  writeFileSync(
    file,
    "export const twice = (x: number): number => {\n  if (x < 0) throw new Error('negative');\n  return 2 * x;\n};\n",
  );
  expect(shown((await client.run('import { twice } from "./local"; twice(4)')).messages)).toEqual([
    "result: 8",
  ]);
  const { reply } = await client.run("twice(-1)");
  expect(String(reply["traceback"])).toMatch(/local\.ts:2:20/);
  writeFileSync(file, "export const twice = (x: number): string => 'twice ' + x;\n");
  const again = await client.run('import { twice } from "./local"; twice(5)');
  expect(shown(again.messages)).toEqual(["result: 'twice 5'"]);
});

test("a CommonJS file can be imported, and later cells work", async () => {
  writeFileSync(
    path.join(folder, "plain.js"),
    'function add(a, b) { return a + b; }\nmodule.exports = { add, name: "plain" };\n',
  );
  writeFileSync(path.join(folder, "named.js"), "exports.twice = (x) => 2 * x;\nexports.twice(1);\n");
  writeFileSync(path.join(folder, "last.ts"), "export const three = 3;\nthree + 1;\n");
  const results = async (code: string) => shown((await client.run(code)).messages);
  expect(await results('import { add } from "./plain.js"; add(1, 2)')).toEqual(["result: 3"]);
  expect(await results("1 + 1")).toEqual(["result: 2"]);
  expect(await results('import plain from "./plain"; plain.name + add(2, 3)')).toEqual(["result: 'plain5'"]);
  expect(await results('import { twice } from "./named"; twice(4)')).toEqual(["result: 8"]);
  expect(await results('import { three } from "./last"; const four = three + 1;')).toEqual([]);
  expect(await results("[four, twice(1), add(1, 1)]")).toEqual(["result: [ 4, 2, 2 ]"]);
});

test("a local file is found after a new executor has started, and reloaded after its import has changed", async () => {
  const one = path.join(folder, "one.ts");
  writeFileSync(one, "export const one = 1;\n");
  writeFileSync(
    path.join(folder, "two.ts"),
    'import { one } from "./one";\nexport const two = () => one + 1;\n',
  );
  const code = 'import { two } from "./two"; two()';
  expect(shown((await client.run(code)).messages)).toEqual(["result: 2"]);
  writeFileSync(one, "export const one = 10;\n");
  expect(shown((await client.run(code)).messages)).toEqual(["result: 11"]);
  await client.run("process.exit(0)");
  expect(shown((await client.run(code)).messages)).toEqual(["result: 11"]);
});

test("the bundled package and its types are found from any folder", async () => {
  const { reply, messages } = await client.run('import * as wirebook from "wirebook"; typeof wirebook');
  expect(shown(messages)).toEqual(["result: 'object'"]);
  expect(reply["status"]).toBe("ok");
});
