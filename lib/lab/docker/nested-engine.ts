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

/** A container that runs its own `dockerd`. */
export interface NestedEngine {
  readonly info: ContainerInfo;
  /** Removes the container, and the container that holds its limits if there is one. */
  remove(): Promise<void>;
}

/** Limits that root in the container cannot raise. */
interface Limits {
  readonly memoryBytes: number;
  readonly pids: number;
}

/**
 * Starts a container of the host image on this engine.
 *
 * @param spec - default limits: 1 GiB of memory, 4,096 processes.
 * @throws LabError `NOT_SUPPORTED` if root in the container could raise its limits; see {@link needsHolder}.
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
    const info = await runtime.run(
      {
        ...runtime.spec(name, "docker-host", imageTag("host")),
        ...nestedEngine,
        ...limits,
        ...spec,
        ...(holder ? { cgroupParent: `${holdersParent}/${holder.id}` } : {}),
      },
      { beforeStart: async () => holder?.started },
    );
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

/** A container whose control group limits another container. */
interface Holder {
  readonly id: string;
  /** Resolves when its control group exists. */
  readonly started: Promise<ContainerInfo>;
}

/**
 * If needed, creates a container whose control group limits another container that mounts its own control groups, and
 * starts it in the background.
 *
 * Shell: `docker run -d --memory … --pids-limit … --cgroup-parent /docker PAUSE`, then
 * `docker run --cgroup-parent /docker/ID …`.
 */
async function holdLimits(runtime: EngineRuntime, name: string, limits: Limits): Promise<Holder | undefined> {
  const { cgroups } = await runtime.engine.info();
  if (!needsHolder(name, runtime.engine.kind, cgroups)) return undefined;
  const spec = {
    // Names of places contain no dot, so this name is free.
    ...runtime.spec(`${name}.limits`, limitsRole, imageTag("pause")),
    hostname: "limits",
    network: "none",
    capabilities: [],
    cgroupParent: holdersParent,
    ...limits,
  };
  return new Promise((resolve, reject) => {
    const started = runtime.run(spec, { beforeStart: async (id) => resolve({ id, started }) });
    started.catch(reject);
  });
}

/**
 * Returns whether a second container must hold the limits of a container that mounts its own control groups.
 *
 * With cgroup v1, root can write the files of the root group of its cgroup namespace: `memory.limit_in_bytes`,
 * `pids.max`, and `devices.allow`, which gives access to every device of the machine. So the group of a Docker host is
 * created inside the group of an idle container with the same limits and device list. A group cannot exceed the limits of
 * its parent, and the parent is not visible in the namespace. With cgroup v2 this is not needed, because `cgroups` in the
 * host image moves the host's processes into a child group.
 *
 * @throws LabError `NOT_SUPPORTED` with cgroup v1 and a driver other than Docker's cgroupfs: systemd accepts only a slice
 *   as the parent, and Podman names groups differently.
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
    found: `a Docker host could raise its own limits: this is ${kind} with cgroup v1 and the cgroup driver ${driver}`,
    advice:
      'Use a machine with cgroup v2, or Docker with "exec-opts": ["native.cgroupdriver=cgroupfs"] in daemon.json.',
  });
}
