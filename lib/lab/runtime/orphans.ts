import { type Engine, label, limitsRole, type NetworkInfo } from "../../engine";

/** Everything on an engine that has an owner's label. */
export interface Belongings {
  readonly owner: string;
  /** `hostname/pid` of the process that made it. */
  readonly by: string;
  readonly since: string;
  /** Names of its labs. */
  readonly labs: readonly string[];
  readonly containers: readonly string[];
  /** Containers whose control groups hold the limits of other containers. They must be removed after those. */
  readonly limits: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Id and state of the reaper's container, if there is one. */
  readonly reaper?: { readonly id: string; readonly state: string };
}

interface Collected {
  by: string;
  since: string;
  labs: Set<string>;
  containers: string[];
  limits: string[];
  networks: string[];
  volumes: string[];
  reaper?: { id: string; state: string };
}

/** Lists everything on an engine that has an owner's label, grouped by owner. */
export async function belongings(engine: Engine): Promise<readonly Belongings[]> {
  const any = { [label.owner]: "" };
  // List containers last. A session creates its reaper before any network, so an owner without a reaper here has none.
  const [listed, volumes] = await Promise.all([engine.networks.list(any), engine.volumes.list(any)]);
  const networks = await ownNetworks(engine, listed);
  const containers = await engine.containers.list(any);
  const owners = new Map<string, Collected>();
  const entryFor = (labels: Readonly<Record<string, string>>): Collected => {
    const owner = labels[label.owner] ?? "";
    const known = owners.get(owner);
    const none = { containers: [], limits: [], networks: [], volumes: [] };
    const entry = known ?? { by: "", since: "", labs: new Set(), ...none };
    owners.set(owner, entry);
    entry.by ||= labels[label.by] ?? "";
    entry.since ||= labels[label.since] ?? "";
    const lab = labels[label.lab];
    if (lab !== undefined) entry.labs.add(lab);
    return entry;
  };
  for (const { id, state, labels } of containers) {
    const entry = entryFor(labels);
    if (labels[label.role] === "reaper") entry.reaper = { id, state };
    else if (labels[label.role] === limitsRole) entry.limits.push(id);
    else entry.containers.push(id);
  }
  for (const { id, labels } of networks) entryFor(labels).networks.push(id);
  for (const { name, labels } of volumes) entryFor(labels).volumes.push(name);
  return [...owners].map(([owner, entry]) => ({ ...entry, owner, labs: [...entry.labs].sort() }));
}

// Every engine of a swarm lists all networks of the swarm. Count a network only on the engine that created it, because
// its owner's reaper runs there.
async function ownNetworks(engine: Engine, listed: readonly NetworkInfo[]): Promise<readonly NetworkInfo[]> {
  if (listed.every(({ scope }) => scope !== "swarm")) return listed;
  const node = (await engine.info()).swarm?.node;
  return listed.filter(({ scope, labels }) => scope !== "swarm" || labels[label.node] === node);
}

/**
 * Removes what owners without a reaper left behind, for example after the reaper was removed. If an owner's reaper has
 * stopped (after a reboot), starts it; it then removes everything itself. Ignores a reaper that was just created.
 */
export async function clearOrphans(engine: Engine): Promise<void> {
  for (const found of await belongings(engine)) {
    if (found.reaper?.state === "exited") await engine.containers.start(found.reaper.id, "reaper");
    if (!found.reaper) await removeBelongings(engine, found);
  }
}

/** Disconnects the containers from their networks one by one, then removes containers, networks, volumes and the reaper. */
export async function removeBelongings(engine: Engine, found: Belongings): Promise<void> {
  await Promise.all(found.networks.map((id) => engine.networks.empty(id)));
  await Promise.all(found.containers.map((id) => engine.containers.remove(id)));
  await Promise.all(found.limits.map((id) => engine.containers.remove(id)));
  await Promise.all(found.networks.map((id) => engine.networks.remove(id)));
  await Promise.all(found.volumes.map((name) => engine.volumes.remove(name)));
  if (found.reaper) await engine.containers.remove(found.reaper.id);
}

/** Removes everything of one owner. */
export async function removeOwned(engine: Engine, owner: string): Promise<void> {
  const found = (await belongings(engine)).find((each) => each.owner === owner);
  if (found) await removeBelongings(engine, found);
}
