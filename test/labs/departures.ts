import type { Engine } from "../../lib/engine";

/** How containers left a network while an action ran, from the engine's events. */
export interface Departures {
  /** The ids of the containers that left, in order. */
  readonly left: readonly string[];
  /** Those that were killed before they left. Containers that end at the same time also leave at the same time. */
  readonly killedBefore: readonly string[];
}

/** Runs `action`, which removes containers of the network with this id, and returns how they left it. */
export async function departures(
  engine: Engine,
  network: string,
  action: () => Promise<void>,
): Promise<Departures> {
  const killed = new Set<string>();
  const left = new Map<string, boolean>();
  const subscription = await engine.events({}, ({ type, action: what, id, attributes }) => {
    if (type === "container" && what === "kill") killed.add(id);
    const container = attributes["container"];
    if (type !== "network" || what !== "disconnect" || id !== network || container === undefined) return;
    // If a container is disconnected while it runs, Docker reports a second disconnect when it ends.
    if (!left.has(container)) left.set(container, killed.has(container));
  });
  await action();
  subscription.close();
  return { left: [...left.keys()], killedBefore: [...left].flatMap(([id, late]) => (late ? [id] : [])) };
}
