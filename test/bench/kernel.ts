import { readdirSync, readFileSync } from "node:fs";
import { Client, shown } from "../../kernel/test-support/client";
import { startOverTcp } from "../../kernel/test-support/kernel-process";
import { type KernelUnderTest, kernels } from "./kernel-peers";
import { type Bench, type Measure, Times, took } from "./measure";

const RUNS = 5;
const WARM_CELLS = 30;
const BUSY_COMPLETIONS = 10;

/** Measures the kernel next to tslab, Deno and ipykernel, alternately. */
export async function* kernel(bench: Bench): AsyncIterable<Measure> {
  const all = kernels();
  const times = new Times();
  const memory = new Map<string, number>();
  for (let run = 1; run <= RUNS; run++)
    for (const each of all)
      await bench.run(`${each.name}, run ${run} of ${RUNS}`, () => measure(each, times, memory, run === 1));
  const peer = (name: string, of: string) => ({ name, value: times.median(`${name} ${of}`) });
  const ours = (of: string) => times.median(`Wirebook ${of}`);
  const unit = "ms";
  for (const name of ["tslab", "Deno", "ipykernel"])
    yield {
      name: "process start to first result",
      value: ours("first"),
      unit,
      peer: peer(name, "first"),
      ...(name === "tslab" ? { limit: 0.8 } : {}),
    };
  for (const name of ["tslab", "Deno", "ipykernel"])
    yield {
      name: "warm cell",
      value: ours("warm"),
      unit,
      peer: peer(name, "warm"),
      ...(name === "tslab" ? { limit: 0.6 } : {}),
    };
  yield { name: "warm cell, absolute", value: ours("warm"), unit, limit: 15, limits: "value" };
  yield { name: "completion in a busy loop", value: ours("completion"), unit, limit: 50, limits: "value" };
  yield {
    name: "100,000 printed lines",
    value: ours("lines"),
    unit,
    peer: peer("ipykernel", "lines"),
    limit: 1,
  };
  const [own = Number.NaN, deno = Number.NaN] = ["Wirebook", "Deno"].map((name) => memory.get(name));
  yield {
    name: "memory after 1 + 1",
    value: own,
    unit: "MB",
    peer: { name: "Deno", value: deno },
    limit: 1.25,
  };
}

async function measure(
  { name, command, lines, warm }: KernelUnderTest,
  times: Times,
  memory: Map<string, number>,
  thorough: boolean,
): Promise<void> {
  let client: Client | undefined;
  try {
    await times.take(`${name} first`, async () => {
      client = await Client.connect(await startOverTcp(command));
      await answer(client, "1 + 1", "2");
    });
    if (!client || !thorough) return;
    const connected: Client = client;
    memory.set(name, residentMb(connected.server.pid ?? 0));
    for (let cell = 0; cell < WARM_CELLS; cell++)
      await times.take(`${name} warm`, () => answer(connected, warm(cell), "3"));
    if (name === "Wirebook") {
      const busy = await connected.begin('console.log("go"); for (;;) {}');
      await connected.printed(busy.id, "go\n");
      for (let at = 0; at < BUSY_COMPLETIONS; at++)
        await times.take(`${name} completion`, () =>
          connected.ask("complete_request", { code: "x1.le", cursor_pos: 5 }),
        );
      await connected.ask("interrupt_request", {}, "control");
      await busy.outcome;
    }
    // tslab loses the end of long outputs and its cell never ends; Deno loses lines.
    if (name === "Wirebook" || name === "ipykernel") {
      const printed = await took(async () => {
        const { messages } = await connected.run(lines);
        const text = shown(messages).join("");
        if (text.split("\n").length !== 100_001) throw new Error(`${name} lost lines`);
      });
      times.note(`${name} lines`, printed);
    }
  } finally {
    client?.server.kill("SIGKILL");
    await client?.close();
  }
}

/** Runs a cell and waits for its result. tslab prints results; Deno colours them, and can send them after idle. */
async function answer(client: Client, code: string, wanted: string): Promise<void> {
  const { id, outcome } = await client.begin(code);
  await outcome;
  await client.until(
    () => shown(client.of(id)).some((each) => each.includes(wanted)),
    `${wanted} from ${code}`,
  );
}

/** The memory of a process and its descendants. */
function residentMb(root: number): number {
  const family = new Set([root]);
  const all = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const field = (pid: string | number, name: string) => {
    try {
      return Number(
        new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
      );
    } catch {
      return 0; // the process has ended
    }
  };
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const pid of all) if (family.has(field(pid, "PPid"))) family.add(Number(pid));
  }
  return [...family].reduce((sum, pid) => sum + (field(pid, "VmRSS") || 0), 0) / 1024;
}
