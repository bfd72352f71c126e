import { type Engine, LabError } from "../../engine";
import { type ImageName, imageTag } from "../../setup/images";
import type { Progress } from "./progress";
import { Session } from "./session";
import { checkSwarm, distinctNames, type SwarmMember } from "./swarm";

/** One engine of a lab: this process's session on it, and what it is called. */
export interface LabEngine {
  readonly session: Session;
  /** Unique on the lab. */
  readonly name: string;
  /** A fact for its picture: `Docker 20.10.24, swarm manager`. */
  readonly detail: string;
  /** What its machine runs: `x86_64`. Asked for only where there are several. */
  readonly architecture?: string;
}

/** The engines of a lab. */
export interface LabEngines {
  /** The first is home to what is not placed elsewhere. */
  readonly all: readonly [LabEngine, ...LabEngine[]];
  /** Makes and removes the lab's network: over several engines a manager of their swarm. */
  readonly hub: LabEngine;
  /** Node id of the hub, over several engines. */
  readonly node?: string;
}

/** What every lab needs on every engine: the reaper and the toolbox, nodes, the outside, pods. */
const everywhere: readonly ImageName[] = ["base", "pause", "web"];

interface Candidate extends SwarmMember {
  readonly engine: Engine;
}

/**
 * Starts this process's session on an engine, or on every engine of a swarm. What they lack of images is sent.
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
  const candidates = await onAll(engines, (engine, index) => look(engine, names[index]));
  const manager = await checkSwarm(candidates, ({ engine }) => engine.swarmNodes());
  const references = everywhere.map((image) => imageTag(image));
  await onAll(candidates, (each) => sendMissing(each, candidates, references, progress));
  const opened: LabEngine[] = [];
  try {
    const all = await onAll(candidates, async (each) => {
      const engine = await open(each);
      opened.push(engine);
      return engine;
    });
    const hub = all.find(({ name }) => name === manager.name) ?? all[0];
    return { all, hub, ...(manager.swarm ? { node: manager.swarm.node } : {}) };
  } catch (error) {
    // One engine refused: the others' sessions are of no use by themselves.
    await Promise.all(opened.map(({ session }) => session.endIdle()));
    throw error;
  }
}

type Several<T> = readonly [T, ...T[]];

async function onAll<A, B>(
  [first, ...others]: Several<A>,
  action: (each: A, index: number) => Promise<B>,
): Promise<Several<B>> {
  const begun = [action(first, 0), ...others.map((each, index) => action(each, index + 1))] as const;
  // Also those that were begun beside one that fails come to their end first.
  await Promise.allSettled(begun);
  const [head, ...tail] = begun;
  return [await head, ...(await Promise.all(tail))];
}

async function look(engine: Engine, name = engine.name): Promise<Candidate> {
  const facts = await engine.info().catch((cause: unknown) => Promise.reject(unreached(engine, cause)));
  return { ...facts, engine, kind: engine.kind, name };
}

async function open({ engine, name, version, swarm, architecture }: Candidate): Promise<LabEngine> {
  const role = swarm?.manager === true ? "manager" : "worker";
  return {
    session: await Session.on(engine),
    name,
    detail: `Docker ${version}, swarm ${role}`,
    architecture,
  };
}

function unreached({ name }: Engine, cause: unknown): LabError {
  return new LabError("ENGINE_GONE", {
    where: name,
    found: "this engine of the lab does not answer",
    advice: `See whether it runs, or open the lab without it: docker -H ${name} version.`,
    cause,
  });
}

/** Where an image may be had: an engine, and what its machine runs. */
export interface Holder {
  readonly engine: Engine;
  readonly name: string;
  readonly architecture?: string;
}

/**
 * Sends images to an engine that lacks them from another that has them. What no engine has is left out: whoever starts a
 * container of it is told.
 *
 * Shell: `docker save IMAGE… | docker -H ENGINE load`.
 */
export async function sendMissing(
  to: Holder,
  holders: readonly Holder[],
  references: readonly string[],
  progress: Progress,
): Promise<void> {
  const has = await Promise.all(references.map((reference) => to.engine.images.find(reference)));
  const lacking = references.filter((_, index) => has[index] === undefined);
  for (const from of holders) {
    // An image is for one kind of machine.
    if (from.engine === to.engine || from.architecture !== to.architecture || lacking.length === 0) continue;
    const there = await Promise.all(lacking.map((reference) => from.engine.images.find(reference)));
    const sent = lacking.filter((_, index) => there[index] !== undefined);
    if (sent.length === 0) continue;
    const short = sent.map((reference) => reference.replace(/^wirebook\/([a-z]+):[0-9a-f]+$/, "$1"));
    await progress.run(`${short.join(", ")} from ${from.name} to ${to.name}`, () =>
      from.engine.images.copy(sent, to.engine.images),
    );
    for (const reference of sent) lacking.splice(lacking.indexOf(reference), 1);
  }
}
