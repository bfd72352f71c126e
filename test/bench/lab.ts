import { performance } from "node:perf_hooks";
import { Engine, label } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { Place } from "../../lib/lab/place";
import { imageTag } from "../../lib/setup/images";

/** What labs cost, in milliseconds; the best of the runs. */
export interface LabResult {
  /** From nothing to a lab with its outside. */
  readonly open: number;
  /** One pod, and the bare engine calls that it needs. At most 1.15 of them. */
  readonly pod: number;
  readonly barePod: number;
  /** Ten pods in parallel, and the bare calls likewise. */
  readonly tenPods: number;
  readonly bareTenPods: number;
  /** A snapshot of a warm namespace: at most 25. A bare exec, to compare. */
  readonly snapshot: number;
  readonly exec: number;
  /** Of a Docker host with 1,000 rules: at most 60. */
  readonly bigSnapshot: number;
  /** A Docker host until its engine answers: at most 5,000; two at once: at most 7,000. */
  readonly dockerHost: number;
  readonly twoDockerHosts: number;
  /** Closing a lab of 10 pods and its outside: at most 1,500. The engine's own removal of as many, to compare. */
  readonly close: number;
  readonly bareClose: number;
  /** How long n pods take, started ten at a time: it grows linearly. */
  readonly curve: readonly (readonly [pods: number, milliseconds: number])[];
}

/** Measures `runs` times, ours and bare by turns, so that both see the same load. */
export async function benchLab(runs = 3): Promise<LabResult> {
  const engine = await Engine.connect();
  const times = new Map<string, number[]>();
  const note = (name: string, milliseconds: number): void => {
    times.set(name, [...(times.get(name) ?? []), milliseconds]);
  };
  for (let run = 0; run < runs; run++) {
    let lab: Lab | undefined;
    note("open", await took(async () => (lab = await Lab.open("bench-lab", { engine }))));
    if (lab === undefined) throw new Error("the lab did not open");
    await measure(lab, note, run);
    await closing(lab, note);
  }
  const best = (name: string): number => Math.min(...(times.get(name) ?? [Number.NaN]));
  return {
    open: best("open"),
    pod: best("pod"),
    barePod: best("bare pod"),
    tenPods: best("ten pods"),
    bareTenPods: best("bare ten pods"),
    snapshot: best("snapshot"),
    exec: best("exec"),
    bigSnapshot: best("big snapshot"),
    dockerHost: best("docker host"),
    twoDockerHosts: best("two docker hosts"),
    close: best("close"),
    bareClose: best("bare close"),
    curve: await curve(engine),
  };
}

type Note = (name: string, milliseconds: number) => void;

async function measure(lab: Lab, note: Note, run: number): Promise<void> {
  for (let each = 0; each < 3; each++) {
    note("pod", await took(() => lab.pod(`one${each}`)));
    note("bare pod", await took(() => barePod(lab, `bare${each}`)));
  }
  const ten = Array.from({ length: 10 }, (_, index) => index);
  note("ten pods", await took(() => Promise.all(ten.map((index) => lab.pod(`ten${index}`)))));
  note("bare ten pods", await took(() => Promise.all(ten.map((index) => barePod(lab, `bareten${index}`)))));
  const pod = lab.place("one0");
  await pod.snapshot();
  for (let each = 0; each < 10; each++) note("snapshot", await took(() => pod.snapshot()));
  for (let each = 0; each < 5; each++) note("exec", await took(() => pod.exec(["true"])));
  note("docker host", await took(() => lab.dockerHost(`host${run}`)));
  note(
    "two docker hosts",
    await took(() => Promise.all(["left", "right"].map((name) => lab.dockerHost(name)))),
  );
  const host = lab.place(`host${run}`);
  await thousandRules(host);
  await host.snapshot();
  for (let each = 0; each < 10; each++) note("big snapshot", await took(() => host.snapshot()));
}

async function thousandRules(host: Place): Promise<void> {
  const rules = Array.from(
    { length: 1_000 },
    (_, n) => `-A BENCH -s 10.${n >> 8}.${n & 255}.0/24 -p tcp --dport 80 -j ACCEPT`,
  );
  const text = `*filter\n:BENCH - [0:0]\n${rules.join("\n")}\nCOMMIT\n`;
  const { exitCode, stderr } = await host.exec(["iptables-restore", "--noflush"], { stdin: text });
  if (exitCode !== 0) throw new Error(stderr);
}

/** The same containers as `lab.pod`, asked of the engine and nothing else. */
async function barePod(lab: Lab, name: string): Promise<void> {
  const { ground, engine } = lab;
  const pause = await engine.containers.create({
    ...ground.home.spec(name, "pod", imageTag("pause")),
    network: ground.network,
    address: ground.pool.take(name),
    capabilities: [],
  });
  await engine.containers.start(pause);
  const app = await engine.containers.create({
    ...ground.home.spec(`${name}.app`, "app", imageTag("base")),
    network: `container:${pause}`,
    capabilities: ["NET_ADMIN", "NET_RAW"],
  });
  await engine.containers.start(app);
}

async function closing(lab: Lab, note: Note): Promise<void> {
  const { engine, ground } = lab;
  await lab.shut();
  const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);
  const ours = await Lab.open("bench-close", { engine });
  await Promise.all(ten.map((name) => ours.pod(name)));
  note("close", await took(() => ours.shut()));

  const bare = await Lab.open("bench-close", { engine });
  await Promise.all(ten.map((name) => bare.pod(name)));
  const all = await engine.containers.list({
    [label.lab]: "bench-close",
    [label.owner]: ground.session.owner,
  });
  note(
    "bare close",
    await took(async () => {
      await Promise.all(all.map(({ id }) => engine.containers.remove(id)));
      await engine.networks.remove(bare.ground.network);
    }),
  );
  await bare.shut();
  await ground.session.end();
}

async function curve(engine: Engine): Promise<(readonly [number, number])[]> {
  const lab = await Lab.open("bench-curve", { engine });
  const points: (readonly [number, number])[] = [];
  const start = performance.now();
  try {
    for (let pods = 10; pods <= 50; pods += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => lab.pod(`p${pods}-${index}`)));
      points.push([pods, performance.now() - start]);
    }
  } finally {
    await lab.close();
  }
  return points;
}

async function took(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
