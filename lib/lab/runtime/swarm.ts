import { type EngineInfo, LabError, type SwarmNode } from "../../engine";

/** One engine of a lab that spans several: its name for people, and what it says of itself. */
export interface SwarmMember extends EngineInfo {
  readonly name: string;
  readonly kind: "docker" | "podman";
}

/** The oldest engine whose attachable networks labs were tried on. */
const OLDEST = [20, 10] as const;

/**
 * The engines' names, each once: where several have the same, a number tells them apart.
 *
 * @param names - as the engines give them, in the order in which the lab was given them.
 */
export function distinctNames(names: readonly string[]): readonly string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name}#${before + 1}`;
  });
}

/**
 * Refuses engines that cannot hold one lab, and returns the one that can make its network: a manager of their swarm.
 *
 * @param nodesOf - the members of the swarm that an engine manages.
 * @throws LabError `ENGINE_TWICE`, `NOT_SUPPORTED`, `NOT_ONE_SWARM`, `NOT_READY`.
 */
export async function checkSwarm<M extends SwarmMember>(
  members: readonly M[],
  nodesOf: (manager: M) => Promise<readonly SwarmNode[]>,
): Promise<M> {
  members.forEach((member, index) => {
    checkTwice(member, members.slice(0, index));
    checkVersion(member);
  });
  const [first] = members;
  for (const member of members) if (first) checkCommonApi(first, member);
  for (const member of members) if (!member.swarm) throw apart(member, `${about(member)} is in no swarm`);
  const manager = members.find(({ swarm }) => swarm?.manager === true);
  if (!manager) {
    throw new LabError("NOT_ONE_SWARM", {
      where: members.map(({ name }) => name).join(", "),
      found: "none of these engines is a manager of the swarm, and only a manager can make the lab's network",
      advice: "Give the lab a manager as well, or make one of them one: docker node promote NODE.",
    });
  }
  const states = new Map((await nodesOf(manager)).map(({ id, state }) => [id, state]));
  for (const member of members) {
    const state = states.get(member.swarm?.node ?? "");
    if (state === undefined)
      throw apart(member, `${about(member)} is in another swarm than ${about(manager)}`);
    if (state !== "ready") throw unready(member, state);
  }
  return manager;
}

function about({ name, machine }: SwarmMember): string {
  return machine === "" || machine === name ? name : `${name} (${machine})`;
}

function checkTwice(member: SwarmMember, before: readonly SwarmMember[]): void {
  const same = before.find(({ id }) => id === member.id);
  if (!same) return;
  throw new LabError("ENGINE_TWICE", {
    where: member.name,
    found: `it is the same engine as ${about(same)}`,
    advice: "Name each engine once: two addresses of one engine lead to the same machine.",
  });
}

function checkVersion(member: SwarmMember): void {
  const { kind, version, name } = member;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (kind === "docker" && !old) return;
  throw new LabError("NOT_SUPPORTED", {
    where: name,
    found:
      kind === "podman"
        ? "Podman has no swarm, and so no network that reaches from one machine to another"
        : `a lab over several engines needs Docker ${OLDEST.join(".")} or newer; this one is ${version}`,
    advice:
      kind === "podman"
        ? "Open the lab with Docker engines, or with one engine only."
        : "Upgrade this engine, or leave it out.",
  });
}

function checkCommonApi(a: SwarmMember, b: SwarmMember): void {
  const newest = Math.min(apiNumber(a.api.newest), apiNumber(b.api.newest));
  const oldest = Math.max(apiNumber(a.api.oldest), apiNumber(b.api.oldest));
  if (oldest <= newest) return;
  throw new LabError("NOT_SUPPORTED", {
    where: `${a.name}, ${b.name}`,
    found: `Docker ${a.version} (API ${a.api.oldest} to ${a.api.newest}) and ${b.version} (API ${b.api.oldest} to ${b.api.newest}) are too different: they have no API in common`,
    advice: "Bring the engines of a swarm to the same version, or leave one out.",
  });
}

// 1.41 → 1041: 1.9 is older than 1.41.
function apiNumber(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1_000 + minor;
}

function apart(member: SwarmMember, found: string): LabError {
  return new LabError("NOT_ONE_SWARM", {
    where: member.name,
    found,
    advice:
      "Make the engines one swarm: run docker swarm init --advertise-addr ADDRESS on the first engine, then run the docker swarm join command that it prints on every other engine.",
  });
}

function unready(member: SwarmMember, state: string): LabError {
  return new LabError("NOT_READY", {
    where: member.name,
    found: `the swarm's manager says that ${about(member)} is ${state}`,
    advice:
      "Check the output of docker node ls. The machines must be able to reach each other on ports 2377, 7946 and 4789.",
  });
}
