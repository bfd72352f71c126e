import type { Engine } from "../../lib/engine";

/** What the engine told of the containers of a network while an action ran. */
export interface Departures {
  /** Those that left it, in their order. */
  readonly left: readonly string[];
  /** Those of them that were killed before: two that end at the same moment leave at the same moment. */
  readonly killedBefore: readonly string[];
}

/** Runs `action`, which removes containers of the network with this id, and tells how they left it. */
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
    // Of one that left while it ran, Docker tells again when it ends.
    if (!left.has(container)) left.set(container, killed.has(container));
  });
  await action();
  subscription.close();
  return { left: [...left.keys()], killedBefore: [...left].flatMap(([id, late]) => (late ? [id] : [])) };
}
