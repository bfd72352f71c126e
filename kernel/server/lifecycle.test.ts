import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, shown, within } from "../test-support/client";
import { alive, executorPid, waitForEnd } from "../test-support/processes";

jest.setTimeout(180_000);

let client: Client;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "wirebook-notebook-"));
});
afterEach(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts child processes in a cell: three that end with the kernel, and a detached one that does not. */
async function startChildren(): Promise<{ readonly attached: readonly number[]; readonly detached: number }> {
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
  return { attached: pids.slice(0, 3), detached: pids[3] ?? 0 };
}

/** Waits until the children that end with the kernel have ended, and ends the detached one. */
async function expectEnd({ attached, detached }: Awaited<ReturnType<typeof startChildren>>): Promise<void> {
  for (const pid of attached) await waitForEnd(pid, 20_000);
  expect(alive(detached)).toBe(true);
  process.kill(detached, "SIGKILL");
}

/** Lets the executor write a file when it exits. */
async function traceExit(): Promise<string> {
  const trace = path.join(folder, "exit");
  await client.run(`process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(trace)}, "bye"))`);
  return trace;
}

test("kill -9 of the server ends the executor and its children at once, and its exit hooks run", async () => {
  client = await Client.start(folder);
  const executor = await executorPid(client);
  const trace = await traceExit();
  const children = await startChildren();
  await client.fire("await new Promise(() => {})");
  client.server.kill("SIGKILL");
  await waitForEnd(executor, 2_000);
  expect(existsSync(trace)).toBe(true);
  await expectEnd(children);
});

test("kill -9 of the server ends the executor in the middle of a busy loop", async () => {
  client = await Client.start(folder);
  const executor = await executorPid(client);
  const trace = await traceExit();
  await client.printed(await client.fire('console.log("go"); for (;;) {}'), "go\n");
  client.server.kill("SIGKILL");
  await waitForEnd(executor, 2_000);
  expect(existsSync(trace)).toBe(true);
});

test("kill -9 of server and executor ends the children of cells", async () => {
  client = await Client.start(folder);
  const executor = await executorPid(client);
  const children = await startChildren();
  client.server.kill("SIGKILL");
  process.kill(executor, "SIGKILL");
  await expectEnd(children);
});

test("a shutdown gives listeners of SIGTERM the time to clean up, and ends the children of cells", async () => {
  client = await Client.start(folder);
  const executor = await executorPid(client);
  const children = await startChildren();
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
  await waitForEnd(client.server.pid ?? 0, 3_000);
  await expectEnd(children);
});

test("the kernel ends with the Jupyter that started it, also when it is busy", async () => {
  // A stopped process stands for one whose event loop is busy: it reacts to nothing but SIGKILL.
  const parent = spawn("sleep", ["100"], { stdio: "ignore" });
  client = await Client.start(folder, { JPY_PARENT_PID: String(parent.pid) });
  const executor = await executorPid(client);
  const children = await startChildren();
  client.server.kill("SIGSTOP");
  const gone = new Promise((resolve) => client.server.once("exit", resolve));
  parent.kill("SIGKILL");
  await within(20_000, "the end of the server", gone);
  await waitForEnd(executor, 10_000);
  await expectEnd(children);
});

test("WIREBOOK_DEBUG=kernel writes a log to the server's stderr, and SIGTERM ends the children of cells", async () => {
  client = await Client.start(folder, { WIREBOOK_DEBUG: "engine,kernel" });
  const { messages } = await client.run(
    'require("child_process").execSync("echo child", { stdio: "inherit" }); 1',
  );
  expect(shown(messages)).toEqual(["stdout: child\n", "result: 1"]);
  const cell = await client.begin('console.log("go"); await new Promise(() => {})');
  await client.printed(cell.id, "go\n");
  await client.ask("interrupt_request", {}, "control");
  await cell.outcome;
  const children = await startChildren();
  const gone = new Promise((resolve) => client.server.once("close", resolve));
  client.server.kill("SIGTERM");
  await within(10_000, "the end of the server", gone);
  await expectEnd(children);
  for (const line of [
    /^kernel \S+ s {2}executor started: process \d+$/m,
    /^kernel \S+ s {2}shell received execute_request \S+$/m,
    /^kernel \S+ s {2}shell sent execute_reply ok to \S+, [\d.]+ ms after the request$/m,
    /^kernel \S+ s {2}interrupt of In\[2\] ended it after [\d.]+ ms$/m,
    /^kernel \S+ s {2}executor exited: code 0, signal null$/m,
  ])
    expect(client.log).toMatch(line);
  // The kernel says that it is ready when both the language engine and the executor can run a cell.
  const at = (text: string) => client.log.indexOf(text);
  expect(at("language engine ready")).toBeGreaterThan(0);
  expect(at("executor reported ready")).toBeGreaterThan(0);
  const answered = at("sent kernel_info_reply");
  expect(answered).toBeGreaterThan(Math.max(at("language engine ready"), at("executor reported ready")));
});
