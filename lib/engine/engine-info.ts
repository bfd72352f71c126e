import type Docker from "dockerode";

/** What an engine says about itself and its machine, and about the swarm that it is a part of. */
export interface EngineInfo {
  /** Equal for two ways to one engine. */
  readonly id: string;
  /** `20.10.24`. */
  readonly version: string;
  /** The newest and the oldest API that it speaks: `1.41`, `1.12`. */
  readonly api: { readonly newest: string; readonly oldest: string };
  /** `x86_64`. */
  readonly architecture: string;
  /** Version of the machine's control groups, and who makes those of containers: `cgroupfs`, `systemd`. */
  readonly cgroups: { readonly version: "1" | "2"; readonly driver: string };
  /** Host name of its machine. */
  readonly machine: string;
  /** Absent where it is a part of none. */
  readonly swarm?: { readonly node: string; readonly manager: boolean };
}

/** A member of a swarm, as a manager sees it. */
export interface SwarmNode {
  readonly id: string;
  /** `ready`, `down`, `unknown`, `disconnected`. */
  readonly state: string;
}

/**
 * What listens at the engine's address: its version and its kind. Shell: `docker version`.
 *
 * @param signal - gives up.
 * @throws the connection's error, or one for an answer that no container engine gives.
 */
export async function askKind(
  docker: Docker,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly kind: "docker" | "podman" }> {
  // dockerode takes the signal; its types do not have it.
  const answer: unknown = await Reflect.apply(docker.version, docker, [{ abortSignal: signal }]);
  const version = text(field(answer, "Version"));
  if (version === "") throw new Error("what answers there is no container engine");
  const components = field(answer, "Components");
  const names = (Array.isArray(components) ? components : []).map((each: unknown) =>
    text(field(each, "Name")),
  );
  return { version, kind: names.some((name) => /podman/i.test(name)) ? "podman" : "docker" };
}

/** Shell: `docker info`, `docker version`. */
export async function fetchEngineInfo(docker: Docker): Promise<EngineInfo> {
  const [info, version]: [unknown, unknown] = await Promise.all([docker.info(), docker.version()]);
  const swarm = field(info, "Swarm");
  const active = field(swarm, "LocalNodeState") === "active";
  const machine = text(field(info, "Name"));
  const node = text(field(swarm, "NodeID"));
  return {
    // Machines that were cloned have one engine id in common, but not their place in a swarm; Podman has neither.
    id: active ? node : `${text(field(info, "ID"))}/${machine}`,
    version: text(field(version, "Version")),
    api: { newest: text(field(version, "ApiVersion")), oldest: text(field(version, "MinAPIVersion")) },
    architecture: text(field(info, "Architecture")),
    // Docker before 20.10 knows version 1 only, and does not tell.
    cgroups: {
      version: text(field(info, "CgroupVersion")) === "2" ? "2" : "1",
      driver: text(field(info, "CgroupDriver")),
    },
    machine,
    ...(active ? { swarm: { node, manager: field(swarm, "ControlAvailable") === true } } : {}),
  };
}

/** Every member of the swarm that this engine manages. Shell: `docker node ls`. */
export async function listSwarmNodes(docker: Docker): Promise<readonly SwarmNode[]> {
  const nodes: unknown = await docker.listNodes();
  return (Array.isArray(nodes) ? nodes : []).map((node: unknown) => ({
    id: text(field(node, "ID")),
    state: text(field(field(node, "Status"), "State")),
  }));
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
