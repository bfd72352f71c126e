import { performance } from "node:perf_hooks";
import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { imageTag } from "../../lib/setup/images";

/** Two nodes, four pods and a service, from an open lab to the first answer; and one pod against its bare calls. */
export interface ClusterResult {
  /** Milliseconds until the service answers, the best of the runs. At most 3,000. */
  readonly ready: number;
  /** The parts of that run: nodes, pods, service and answer. */
  readonly parts: readonly [nodes: number, pods: number, service: number];
  /** One pod with one app on a node: the best of the runs. */
  readonly pod: number;
  /** What that pod asks of the engine, asked without Wirebook: the best of the runs. */
  readonly bare: number;
  /** Milliseconds from the end of an endpoint to new rules in every node: the worst of the runs. At most 500. */
  readonly follow: number;
}

/** Measures `runs` times, by turns, so that each part sees the same load. */
export async function benchCluster(runs = 5): Promise<ClusterResult> {
  const engine = await Engine.connect();
  const times: number[][] = [];
  const pods: number[] = [];
  const bares: number[] = [];
  const follows: number[] = [];
  for (let run = 0; run < runs; run++) {
    const lab = await Lab.open("bench-cluster", { engine });
    try {
      times.push(await readyToAnswer(lab));
      const node = await lab.node("spare");
      // The first pod of a node also opens its shell.
      await node.pod("warm");
      for (let i = 0; i < 3; i++) {
        pods.push(await took(() => node.pod(`timed${i}`)));
        bares.push(await took(() => barePod(engine, lab, i)));
      }
      follows.push(await followed(lab));
    } finally {
      await lab.close();
    }
  }
  const totals = times.map((parts) => parts.reduce((sum, part) => sum + part, 0));
  const best = totals.indexOf(Math.min(...totals));
  const [nodes = 0, fourPods = 0, service = 0] = times[best] ?? [];
  return {
    ready: totals[best] ?? Number.NaN,
    parts: [nodes, fourPods, service],
    pod: Math.min(...pods),
    bare: Math.min(...bares),
    follow: Math.max(...follows),
  };
}

/** So many pods on one node, started at once, and how long it took to close the lab with them. */
export interface PodsResult {
  readonly pods: number;
  /** Milliseconds until all were ready. */
  readonly started: number;
  /** Milliseconds until all, their node and the lab were gone. */
  readonly closed: number;
}

/** The curve of costs: it should be a straight line. */
export async function benchPods(counts: readonly number[] = [10, 25, 50]): Promise<readonly PodsResult[]> {
  const engine = await Engine.connect();
  const results: PodsResult[] = [];
  for (const pods of counts) {
    const lab = await Lab.open("bench-pods", { engine });
    const node = await lab.node("node1");
    const started = await took(() =>
      Promise.all(Array.from({ length: pods }, (_, i) => node.pod(`pod${i}`))),
    );
    const closed = await took(() => lab.close());
    results.push({ pods, started, closed });
  }
  return results;
}

async function readyToAnswer(lab: Lab): Promise<number[]> {
  const started = performance.now();
  const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  const nodes = performance.now();
  const server = { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 }, restart: "no" } as const;
  const [client] = await Promise.all([
    node1.pod("client"),
    node1.pod("web0", server),
    node2.pod("web1", server),
    node2.pod("web2", server),
  ]);
  const pods = performance.now();
  const service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
  await client.get(`http://${service.clusterIP}/`);
  return [nodes - started, pods - nodes, performance.now() - pods];
}

/** The engine calls of one pod: pause without a network, its process id, and an app that joins it. */
async function barePod(engine: Engine, lab: Lab, number: number): Promise<void> {
  const { ground } = lab;
  const spec = (role: string, image: string) => {
    const common = ground.home.spec("bare", role, image);
    return { ...common, name: `${common.name}-${role}-${number}` };
  };
  const pause = await engine.containers.create({
    ...spec("pod", imageTag("pause")),
    network: "none",
    capabilities: [],
  });
  await engine.containers.start(pause);
  await engine.containers.inspect(pause);
  const app = await engine.containers.create({
    ...spec("app", imageTag("base")),
    network: `container:${pause}`,
  });
  await engine.containers.start(app);
}

async function followed(lab: Lab): Promise<number> {
  await lab.cluster.pods.get("web2")?.app().kill();
  const change = lab.cluster.changes.findLast(({ causes }) =>
    causes.some((cause) => cause.includes("ended")),
  );
  return change === undefined ? Number.NaN : change.appliedAt - change.at;
}

async function took(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}
