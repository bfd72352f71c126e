import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Engine, label } from "../../lib/engine";
import { departures } from "./departures";
import { gone, leftovers } from "./leftovers";

interface Owner {
  readonly child: ChildProcess;
  readonly owner: string;
}

async function start(then: "spin" | "wait" | "end" | "more"): Promise<Owner> {
  const child = spawn(process.execPath, [join(__dirname, "owner.cjs"), then], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line);
    const owner = typeof said === "object" && said !== null ? Reflect.get(said, "owner") : undefined;
    if (typeof owner === "string") return { child, owner };
  }
  throw new Error("the owner ended before its lab was open");
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once("exit", () => resolve());
  });
}

let engine: Engine;
/** One owner process per kind of exit. They run concurrently, because each has to wait for the reaper's timeout. */
let ends: Readonly<Record<"spun" | "interrupted" | "ended" | "starting", Promise<void>>>;
beforeAll(async () => {
  engine = await Engine.connect();
  ends = { spun: spun(), interrupted: interrupted(), ended: endedItself(), starting: starting() };
  // Each is awaited by its test. Until then, an unhandled rejection would end this process.
  for (const end of Object.values(ends)) end.catch(() => undefined);
});

async function spun(): Promise<void> {
  const { child, owner } = await start("spin");
  // Longer than the reaper waits: an owner that is only busy must keep its lab.
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  expect(await leftovers(engine, owner)).toContainEqual(expect.stringContaining("owned-web"));
  child.kill("SIGKILL");
  await gone(engine, owner);
}

async function interrupted(): Promise<void> {
  const { child, owner } = await start("wait");
  const [network] = await engine.networks.list({ [label.owner]: owner });
  const { left, killedBefore } = await departures(engine, network?.id ?? "", async () => {
    child.kill("SIGINT");
    await ended(child);
    await gone(engine, owner);
  });
  // The reaper disconnects containers from their network before they end.
  expect([left.length, killedBefore]).toEqual([3, []]);
}

async function endedItself(): Promise<void> {
  const { child, owner } = await start("end");
  await ended(child);
  expect(child.exitCode).toBe(0);
  await gone(engine, owner);
}

async function starting(): Promise<void> {
  const { child, owner } = await start("more");
  // By now some pods have joined the network, and others are about to.
  while (!(await leftovers(engine, owner)).some((name) => name.endsWith("more3")))
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await gone(engine, owner);
}

test("a process in a busy loop keeps its lab, and kill -9 leaves nothing", () => ends.spun, 90_000);

test("Ctrl-C leaves nothing", () => ends.interrupted, 90_000);

test("a process can exit with its lab open, and leaves nothing", () => ends.ended, 90_000);

test("kill -9 while eight pods start concurrently leaves nothing", () => ends.starting, 90_000);
