import type Docker from "dockerode";

/** What `docker info` and `docker version` report: the engine, its machine and its swarm. */
export interface EngineInfo {
  /** The same id for every address of one engine. */
  readonly id: string;
  /** `20.10.24`. */
  readonly version: string;
  /** The newest and the oldest API version that the engine supports: `1.41`, `1.12`. */
  readonly api: { readonly newest: string; readonly oldest: string };
  /** `x86_64`. */
  readonly architecture: string;
  /** Version of the machine's cgroups, and the driver that creates those of containers: `cgroupfs`, `systemd`. */
  readonly cgroups: { readonly version: "1" | "2"; readonly driver: string };
  /** Host name of the engine's machine. */
  readonly machine: string;
  /** Absent if the engine is not in a swarm. */
  readonly swarm?: { readonly node: string; readonly manager: boolean };
}

/** A node of a swarm, as reported by a manager. */
export interface SwarmNode {
  readonly id: string;
  /** `ready`, `down`, `unknown`, `disconnected`. */
  readonly state: string;
}

/**
 * Asks the engine for its version, and finds out whether it is Docker or Podman. Shell: `docker version`.
 *
 * @param signal - cancels the request.
 * @throws Error of the connection, or if the response is not that of a container engine.
 */
export async function fetchKind(
  docker: Docker,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly kind: "docker" | "podman" }> {
  // dockerode accepts abortSignal here, but its types don't declare it.
  const response: unknown = await Reflect.apply(docker.version, docker, [{ abortSignal: signal }]);
  const version = text(field(response, "Version"));
  if (version === "") throw new Error("the response is not from a container engine");
  const components = field(response, "Components");
  const names = (Array.isArray(components) ? components : []).map((each: unknown) =>
    text(field(each, "Name")),
  );
  return { version, kind: names.some((name) => /podman/i.test(name)) ? "podman" : "docker" };
}

/** Returns information about the engine. Shell: `docker info`, `docker version`. */
export async function fetchEngineInfo(docker: Docker): Promise<EngineInfo> {
  const [info, version]: [unknown, unknown] = await Promise.all([docker.info(), docker.version()]);
  const swarm = field(info, "Swarm");
  const active = field(swarm, "LocalNodeState") === "active";
  const machine = text(field(info, "Name"));
  const node = text(field(swarm, "NodeID"));
  return {
    // Cloned machines share an engine id but not a swarm node id. Podman has neither.
    id: active ? node : `${text(field(info, "ID"))}/${machine}`,
    version: text(field(version, "Version")),
    api: { newest: text(field(version, "ApiVersion")), oldest: text(field(version, "MinAPIVersion")) },
    architecture: text(field(info, "Architecture")),
    // Docker before 20.10 supports version 1 only and doesn't report it.
    cgroups: {
      version: text(field(info, "CgroupVersion")) === "2" ? "2" : "1",
      driver: text(field(info, "CgroupDriver")),
    },
    machine,
    ...(active ? { swarm: { node, manager: field(swarm, "ControlAvailable") === true } } : {}),
  };
}

/** Lists the nodes of the swarm that this engine manages. Shell: `docker node ls`. */
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
