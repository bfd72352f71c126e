import type { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { findCompose } from "./compose";
import { type Bench, type Measure, Times } from "./measure";
import { networks, type Peer, type Question } from "./peer";

/**
 * Starts five containers on two networks with Wirebook and, if it is installed, with Docker Compose, and waits until
 * each container reaches the router. Kathará is not compared: at every start it contacts a registry for its network
 * plugin and its image (Kathara 3.8, DockerPlugin.py: `plugins.get(…).upgrade()`), and the bench must not use the
 * internet.
 */
export async function* peers(bench: Bench, runs = 3): AsyncIterable<Measure> {
  const engine = await bench.engine();
  const peer = await findCompose();
  const times = new Times();
  for (let run = 1; run <= runs; run++) {
    await bench.run(`Wirebook, run ${run} of ${runs}`, () => ours(engine, times));
    if (peer)
      await bench.run(`${peer.name}, run ${run} of ${runs}`, () => theirs(bench, engine, peer, times));
  }
  const line = {
    name: "5 containers, 2 networks, reachable",
    value: times.median("ours"),
    unit: "ms",
  } as const;
  if (peer) yield { ...line, peer: { name: peer.name, value: times.median(peer.name) }, limit: 1 };
  else yield { ...line, note: "not compared: Docker Compose is not installed" };
}

// Starts from nothing, so the time includes the lab's reaper, toolbox and outside.
async function ours(engine: Engine, times: Times): Promise<void> {
  let lab: Lab | undefined;
  try {
    await times.take("ours", async () => {
      const open = await Lab.open("bench-peers", { engine });
      lab = open;
      const router = open.netns("router", { forward: true });
      await Promise.all(Object.entries(networks).map(([name, hosts]) => network(open, router, name, hosts)));
    });
  } finally {
    await lab?.close();
  }
}

async function network(
  lab: Lab,
  starting: ReturnType<Lab["netns"]>,
  name: string,
  hosts: readonly string[],
): Promise<void> {
  const [router, ...places] = await Promise.all([starting, ...hosts.map((host) => lab.netns(host))]);
  const range = name === "left" ? "10.0.1" : "10.0.2";
  const bridge = await router.bridge(`br-${name}`, { address: `${range}.1/24` });
  await Promise.all(
    places.map(async (place, index) => {
      const end = { place, name: "eth0", address: `${range}.${index + 2}/24` };
      const cable = await lab.veth({ place: router, name: `to-${place.name}` }, end);
      await bridge.add(cable.a);
      await answered(lab.engine, { container: place.container, router: `${range}.1` });
    }),
  );
}

async function theirs(bench: Bench, engine: Engine, peer: Peer, times: Times): Promise<void> {
  const over = bench.onEnd(() => peer.down());
  try {
    await times.take(peer.name, async () => {
      const questions = await peer.up();
      await Promise.all(questions.map((question) => answered(engine, question)));
    });
  } finally {
    await peer.down();
    over();
  }
}

async function answered(engine: Engine, { container, router }: Question): Promise<void> {
  // A tool may report that all containers are up while it still assigns addresses.
  const script = 'for try in 1 2 3 4 5 6 7 8 9; do ping -c1 -W1 "$0" && exit; done';
  const { exitCode, stderr } = await engine.exec(container, ["sh", "-c", script, router]);
  if (exitCode !== 0) throw new Error(`${container} cannot reach ${router}: ${stderr}`);
}
