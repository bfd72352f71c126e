import { Lab } from "../../lib/lab/lab";
import { type Bench, type Measure, Times } from "./measure";

/**
 * Measures how long two nodes, four pods and a service take until the service answers, and how soon the rules change
 * after the app of an endpoint exits.
 */
export async function* cluster(bench: Bench, runs = 3): AsyncIterable<Measure> {
  const engine = await bench.engine();
  const times = new Times();
  for (let run = 1; run <= runs; run++) {
    await bench.run(`run ${run} of ${runs}`, async () => {
      const lab = await Lab.open("bench-cluster", { engine });
      try {
        await times.take("ready", () => untilAnswer(lab));
        times.note("follow", await followed(lab));
      } finally {
        await lab.close();
      }
    });
  }
  yield {
    name: "2 nodes, 4 pods, 1 service answering",
    value: times.median("ready"),
    unit: "ms",
    limit: 3_000,
  };
  yield {
    name: "rule update after app exit, worst",
    value: times.worst("follow"),
    unit: "ms",
    limit: 500,
  };
}

async function untilAnswer(lab: Lab): Promise<void> {
  const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  const server = { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 }, restart: "no" } as const;
  const [client] = await Promise.all([
    node1.pod("client"),
    node1.pod("web0", server),
    node2.pod("web1", server),
    node2.pod("web2", server),
  ]);
  const service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
  await client.get(`http://${service.clusterIP}/`);
}

async function followed(lab: Lab): Promise<number> {
  await lab.cluster.pods.get("web2")?.app().kill();
  // Either the app's exit or its readiness probe triggers the change, whichever is noticed first.
  const change = lab.cluster.changes.findLast(({ causes }) =>
    causes.some((cause) => /^web2.*(ended|not ready)/.test(cause)),
  );
  return change === undefined ? Number.NaN : change.appliedAt - change.at;
}
