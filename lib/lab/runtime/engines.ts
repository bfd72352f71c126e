import { type Engine, LabError } from "../../engine";
import { type ImageName, imageTag } from "../../setup/images";
import type { Progress } from "./progress";
import { Session } from "./session";
import { checkSwarm, distinctNames, type SwarmMember } from "./swarm";

/** One engine of a lab, with this process's session on it. */
export interface LabEngine {
  readonly session: Session;
  /** Unique in the lab. */
  readonly name: string;
  /** Text for pictures: `Docker 20.10.24, swarm manager`. */
  readonly detail: string;
  /** Architecture of its machine: `x86_64`. Only set if the lab has several engines. */
  readonly architecture?: string;
}

/** The engines of a lab. */
export interface LabEngines {
  /** Places without an explicit engine run on the first one. */
  readonly all: readonly [LabEngine, ...LabEngine[]];
  /** The engine that creates and removes the lab's network. With several engines it is a manager of their swarm. */
  readonly hub: LabEngine;
  /** Swarm node id of the hub. Only set if the lab has several engines. */
  readonly node?: string;
}

/** Images that every engine needs: for the reaper, the toolbox, nodes, the outside and pods. */
const requiredImages: readonly ImageName[] = ["base", "pause", "web"];

interface Candidate extends SwarmMember {
  readonly engine: Engine;
}

/**
 * Starts this process's session on an engine, or on every engine of a swarm. With several engines, copies missing images
 * from one to the other.
 *
 * @throws LabError `ENGINE_GONE`, `ENGINE_TWICE`, `NOT_SUPPORTED`, `NOT_ONE_SWARM`, `NOT_READY`, `IMAGE_MISSING`.
 */
export async function openEngines(engines: Several<Engine>, progress: Progress): Promise<LabEngines> {
  const [first, ...others] = engines;
  if (others.length === 0) {
    const only = { session: await Session.on(first), name: first.name, detail: `Docker ${first.version}` };
    return { all: [only], hub: only };
  }
  const names = distinctNames(engines.map(({ name }) => name));
  const candidates = await onAll(engines, (engine, index) => describeEngine(engine, names[index]));
  const manager = await checkSwarm(candidates, ({ engine }) => engine.swarmNodes());
  const references = requiredImages.map((image) => imageTag(image));
  await onAll(candidates, (each) => copyMissingImages(each, candidates, references, progress));
  const opened: LabEngine[] = [];
  try {
    const all = await onAll(candidates, async (each) => {
      const engine = await openEngine(each);
      opened.push(engine);
      return engine;
    });
    const hub = all.find(({ name }) => name === manager.name) ?? all[0];
    return { all, hub, ...(manager.swarm ? { node: manager.swarm.node } : {}) };
  } catch (error) {
    // If a session can't be started on one engine, end those on the others.
    await Promise.all(opened.map(({ session }) => session.endIdle()));
    throw error;
  }
}

type Several<T> = readonly [T, ...T[]];

async function onAll<A, B>(
  [first, ...others]: Several<A>,
  action: (each: A, index: number) => Promise<B>,
): Promise<Several<B>> {
  const started = [action(first, 0), ...others.map((each, index) => action(each, index + 1))] as const;
  // Wait for all to settle before rethrowing the first failure.
  await Promise.allSettled(started);
  const [head, ...tail] = started;
  return [await head, ...(await Promise.all(tail))];
}

async function describeEngine(engine: Engine, name = engine.name): Promise<Candidate> {
  const info = await engine.info().catch((cause: unknown) => Promise.reject(unreachable(engine, cause)));
  return { ...info, engine, kind: engine.kind, name };
}

async function openEngine({ engine, name, version, swarm, architecture }: Candidate): Promise<LabEngine> {
  const role = swarm?.manager === true ? "manager" : "worker";
  return {
    session: await Session.on(engine),
    name,
    detail: `Docker ${version}, swarm ${role}`,
    architecture,
  };
}

function unreachable({ name }: Engine, cause: unknown): LabError {
  return new LabError("ENGINE_GONE", {
    where: name,
    found: "this engine does not respond",
    advice: `Check that it is running: docker -H ${name} version. Or leave it out of the engines of Lab.open.`,
    cause,
  });
}

/** An engine that images can be copied from or to. */
export interface ImageSource {
  readonly engine: Engine;
  readonly name: string;
  /** Architecture of its machine: `x86_64`. */
  readonly architecture?: string;
}

/**
 * Copies images that an engine lacks from other engines with the same architecture. Ignores images that no engine has:
 * starting a container from them throws `IMAGE_MISSING`.
 *
 * Shell: `docker save IMAGE… | docker -H ENGINE load`.
 */
export async function copyMissingImages(
  to: ImageSource,
  sources: readonly ImageSource[],
  references: readonly string[],
  progress: Progress,
): Promise<void> {
  const found = await Promise.all(references.map((reference) => to.engine.images.find(reference)));
  const missing = references.filter((_, index) => found[index] === undefined);
  for (const from of sources) {
    if (from.engine === to.engine || from.architecture !== to.architecture || missing.length === 0) continue;
    const available = await Promise.all(missing.map((reference) => from.engine.images.find(reference)));
    const copied = missing.filter((_, index) => available[index] !== undefined);
    if (copied.length === 0) continue;
    const shortNames = copied.map((reference) => reference.replace(/^wirebook\/([a-z]+):[0-9a-f]+$/, "$1"));
    await progress.run(`${shortNames.join(", ")} from ${from.name} to ${to.name}`, () =>
      from.engine.images.copy(copied, to.engine.images),
    );
    for (const reference of copied) missing.splice(missing.indexOf(reference), 1);
  }
}
