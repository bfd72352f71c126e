import { type Engine, label } from "../../lib/engine";

/** Everything on the engine that bears one owner's label, as text: `container wirebook-1f…-web`. */
export async function leftovers(engine: Engine, owner: string): Promise<readonly string[]> {
  const mine = { [label.owner]: owner };
  const [containers, networks, volumes] = await Promise.all([
    engine.containers.list(mine),
    engine.networks.list(mine),
    engine.volumes.list(mine),
  ]);
  return [
    ...containers.map(({ name }) => `container ${name}`),
    ...networks.map(({ name }) => `network ${name}`),
    ...volumes.map(({ name }) => `volume ${name}`),
  ];
}

/** Waits until nothing of that owner is left, and returns how long it took. Fails with what is still there. */
export async function gone(engine: Engine, owner: string, deadlineMs: number): Promise<number> {
  const start = performance.now();
  let left = await leftovers(engine, owner);
  while (left.length > 0) {
    const passed = performance.now() - start;
    if (passed > deadlineMs) throw new Error(`still there after ${deadlineMs} ms: ${left.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = await leftovers(engine, owner);
  }
  return performance.now() - start;
}
