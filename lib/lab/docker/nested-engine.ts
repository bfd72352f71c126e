import {
  type ContainerInfo,
  type ContainerSpec,
  type Engine,
  type EngineInfo,
  LabError,
  limitsRole,
  nestedEngine,
} from "../../engine";
import { imageTag } from "../../setup/images";
import type { EngineRuntime } from "../runtime/engine-runtime";

/** A container that runs a `dockerd` of its own. */
export interface NestedEngine {
  readonly info: ContainerInfo;
  /** Removes it with all that was started for it. */
  remove(): Promise<void>;
}

/** Limits that hold also for the root user of the container. */
interface Limits {
  readonly memoryBytes: number;
  readonly pids: number;
}

/**
 * Starts a container of the host image on this engine.
 *
 * @param spec - default limits: 1 GiB of memory, 4,096 processes.
 * @throws LabError `NOT_SUPPORTED` where its limits could be lifted from inside; see {@link needsHolder}.
 */
export async function runNestedEngine(
  runtime: EngineRuntime,
  name: string,
  spec: Partial<ContainerSpec>,
): Promise<NestedEngine> {
  const limits = { memoryBytes: spec.memoryBytes ?? 1024 * 1024 * 1024, pids: spec.pids ?? 4_096 };
  const holder = await holdLimits(runtime, name, limits);
  const removeHolder = async (): Promise<void> => {
    if (holder) await runtime.remove(holder.id);
  };
  try {
    const info = await runtime.run({
      ...runtime.spec(name, "docker-host", imageTag("host")),
      ...nestedEngine,
      ...limits,
      ...spec,
      ...(holder ? { cgroupParent: `${holdersParent}/${holder.id}` } : {}),
    });
    const remove = async (): Promise<void> => {
      await runtime.remove(info.id);
      await removeHolder();
    };
    return { info, remove };
  } catch (error) {
    await removeHolder();
    throw error;
  }
}

const holdersParent = "/docker";

/**
 * Starts a container whose control group holds the limits of another one that mounts its own control groups, where that
 * is needed.
 *
 * Shell: `docker run -d --memory … --pids-limit … --cgroup-parent /docker PAUSE`, then
 * `docker run --cgroup-parent /docker/ID …`.
 */
async function holdLimits(
  runtime: EngineRuntime,
  name: string,
  limits: Limits,
): Promise<ContainerInfo | undefined> {
  const { cgroups } = await runtime.engine.info();
  if (!needsHolder(name, runtime.engine.kind, cgroups)) return undefined;
  return runtime.run({
    // No place has a dot in its name.
    ...runtime.spec(`${name}.limits`, limitsRole, imageTag("pause")),
    hostname: "limits",
    network: "none",
    capabilities: [],
    cgroupParent: holdersParent,
    ...limits,
  });
}

/**
 * Whether a second container must hold the limits of one that mounts its own control groups.
 *
 * With cgroup v1, root can write the files of the group at which its cgroup namespace begins: `memory.limit_in_bytes`,
 * `pids.max`, and `devices.allow`, which opens every device of the machine. So the group of a Docker host is made inside
 * the group of a container that does nothing: that one has the same limits and a list of devices, a group never gets
 * more than its parent, and the parent cannot be reached from the namespace. With cgroup v2 nothing is needed, because
 * `cgroups` in the host image moves the host one level down.
 *
 * @throws LabError `NOT_SUPPORTED` with cgroup v1 and another driver than Docker's cgroupfs: systemd only takes a slice
 *   as the parent, and Podman names groups in another way.
 */
export function needsHolder(
  name: string,
  kind: Engine["kind"],
  { version, driver }: EngineInfo["cgroups"],
): boolean {
  if (version === "2") return false;
  if (kind === "docker" && driver === "cgroupfs") return true;
  throw new LabError("NOT_SUPPORTED", {
    where: name,
    found: `a Docker host could lift its own limits: this is ${kind} with cgroup v1 and the cgroup driver ${driver}`,
    advice:
      'Use a machine with cgroup v2, or Docker with "exec-opts": ["native.cgroupdriver=cgroupfs"] in daemon.json.',
  });
}
