import type { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { findCompose } from "./compose";
import { type Bench, type Measure, Times } from "./measure";

/** Two networks with two containers on each, and a router that is on both. All run `base`. */
export const networks = { left: ["l1", "l2"], right: ["r1", "r2"] } as const;

/** A container, and the address or name of the router that it has to reach. */
export interface Question {
  readonly container: string;
  readonly router: string;
}

/** Another tool that brings the same five containers up. */
export interface Peer {
  readonly name: string;
  /** Brings them up; resolves when the tool says that they are. */
  up(): Promise<readonly Question[]>;
  down(): Promise<void>;
}

/**
 * The same five containers on the same two networks, by Wirebook and by Docker Compose where it is installed, until each
 * answers. Kathará is no peer here: at every start it asks a registry for its network plugin and its image (Kathara 3.8,
 * DockerPlugin.py: `plugins.get(…).upgrade()`), and the bench sends nothing off the machine.
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
    name: "5 containers, 2 networks, all answer",
    value: times.median("ours"),
    unit: "ms",
  } as const;
  if (peer) yield { ...line, peer: { name: peer.name, value: times.median(peer.name) }, limit: 1 };
  else yield { ...line, note: "no docker compose or docker-compose is here to compare with" };
}

// From nothing: the lab's own reaper, toolbox and outside are in it.
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
  // A tool that says that all is up may still be giving out addresses.
  const script = 'for try in 1 2 3 4 5 6 7 8 9; do ping -c1 -W1 "$0" && exit; done';
  const { exitCode, stderr } = await engine.exec(container, ["sh", "-c", script, router]);
  if (exitCode !== 0) throw new Error(`${container} does not reach ${router}: ${stderr}`);
}
