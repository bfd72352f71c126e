import { type Engine, label } from "../../lib/engine";

/** Lists everything on the engine with the owner's label, as text: `container wirebook-1f…-web`. */
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

/** Waits until nothing of that owner is left. After 40 s (four times the reaper's timeout), fails with what is left. */
export async function gone(engine: Engine, owner: string): Promise<void> {
  const end = performance.now() + 40_000;
  for (;;) {
    const left = await leftovers(engine, owner);
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`still there: ${left.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
