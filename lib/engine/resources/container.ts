import type Docker from "dockerode";
import { withoutUndefined } from "../../without-undefined";
import { checkPort } from "./port";

/** A container port that is published on the engine's machine. */
export interface Publish {
  /** 1-65535. */
  readonly containerPort: number;
  /** 1-65535, or 0: the engine selects a free port. */
  readonly hostPort: number;
  /** Default: 127.0.0.1, so that other machines can't reach a lab. */
  readonly hostAddress?: string;
  /** Default: `tcp`. */
  readonly protocol?: "tcp" | "udp" | "sctp";
}

/** Options of a container: those of `docker run` that labs use. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly user?: string;
  readonly workdir?: string;
  /** `bridge`, `none`, `host`, `container:ID` or the name of a network. Default: the engine's. */
  readonly network?: string;
  /** IPv4 address on that network. Default: the engine selects one. */
  readonly address?: string;
  readonly aliases?: readonly string[];
  /** Name servers to which the engine's DNS server forwards other names. Default: the machine's. */
  readonly dns?: readonly string[];
  readonly publish?: readonly Publish[];
  /** The complete list of capabilities, without `CAP_`. Default: the engine's default set. */
  readonly capabilities?: readonly string[];
  /** Disables the seccomp and AppArmor profiles, for containers that create namespaces. Default: false. */
  readonly unconfined?: boolean;
  readonly devices?: readonly string[];
  /** `SOURCE:TARGET[:ro]`, like `docker run -v`. */
  readonly binds?: readonly string[];
  /** Paths of anonymous volumes, which are removed with the container. */
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  /** `host` or `container:ID`. */
  readonly pid?: string;
  readonly ipc?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** `private`: the container sees only its own cgroups (cgroup_namespaces(7)). Default: the engine's. */
  readonly cgroupNamespace?: "private" | "host";
  /** Parent of the container's cgroup. Default: the engine's. */
  readonly cgroupParent?: string;
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly restart?: "no" | "always" | "on-failure" | "unless-stopped";
  /** Runs the engine's init as process 1, which reaps zombies and forwards signals (`docker run --init`). Default: false. */
  readonly init?: boolean;
  readonly stopSignal?: string;
}

/** What `docker inspect` reports about a container. */
export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  /** Pid of process 1 on the engine's machine; 0 if the container is not running. */
  readonly pid: number;
  readonly exitCode: number;
  readonly restartCount: number;
  /** The container's networks, with its addresses. */
  readonly networks: readonly Attachment[];
  /** The published ports. */
  readonly ports: readonly Required<Publish>[];
  /** `bridge`, `none`, `container:ID` … */
  readonly networkMode: string;
}

/** A network of a container. */
interface Attachment {
  readonly network: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly mac: string;
}

const protocols = ["tcp", "udp", "sctp"] as const;

/** Converts a {@link ContainerSpec} to the options of the engine's API. */
export function createOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const ports = portBindings(spec);
  const joins = spec.network?.startsWith("container:") === true;
  const userNetwork =
    spec.network !== undefined && !joins && !["none", "host", "bridge", "default"].includes(spec.network);
  return {
    name: spec.name,
    Image: spec.image,
    Labels: { ...spec.labels },
    ...(spec.command ? { Cmd: [...spec.command] } : {}),
    ...(spec.entrypoint ? { Entrypoint: [...spec.entrypoint] } : {}),
    ...(spec.env ? { Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`) } : {}),
    // A container that joins another one's network shares its host name. The engine rejects a second host name.
    ...(spec.hostname !== undefined && !joins && spec.network !== "host" ? { Hostname: spec.hostname } : {}),
    ...withoutUndefined({ User: spec.user, WorkingDir: spec.workdir, StopSignal: spec.stopSignal }),
    ...(spec.volumes ? { Volumes: Object.fromEntries(spec.volumes.map((path) => [path, {}])) } : {}),
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: {
      PortBindings: ports,
      ...withoutUndefined({ NetworkMode: spec.network }),
      ...(spec.capabilities ? { CapDrop: ["ALL"], CapAdd: [...spec.capabilities] } : {}),
      ...(spec.unconfined === true ? { SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"] } : {}),
      ...(spec.dns ? { Dns: [...spec.dns] } : {}),
      ...(spec.devices ? { Devices: spec.devices.map(device) } : {}),
      ...(spec.binds ? { Binds: [...spec.binds] } : {}),
      ...(spec.tmpfs ? { Tmpfs: Object.fromEntries(spec.tmpfs.map((path) => [path, "exec"])) } : {}),
      ...withoutUndefined({ PidMode: spec.pid, IpcMode: spec.ipc }),
      ...(spec.sysctls ? { Sysctls: { ...spec.sysctls } } : {}),
      ...withoutUndefined({ CgroupnsMode: spec.cgroupNamespace, CgroupParent: spec.cgroupParent }),
      ...(spec.memoryBytes === undefined ? {} : { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes }),
      ...withoutUndefined({ PidsLimit: spec.pids }),
      ...(spec.restart === undefined ? {} : { RestartPolicy: { Name: spec.restart } }),
      ...(spec.init === true ? { Init: true } : {}),
    },
    ...(userNetwork && spec.network !== undefined
      ? {
          NetworkingConfig: {
            EndpointsConfig: {
              [spec.network]: {
                ...(spec.address === undefined ? {} : { IPAMConfig: { IPv4Address: spec.address } }),
                ...(spec.aliases ? { Aliases: [...spec.aliases] } : {}),
              },
            },
          },
        }
      : {}),
  };
}

function portBindings(spec: ContainerSpec): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, hostPort, hostAddress = "127.0.0.1", protocol = "tcp" } of spec.publish ?? []) {
    checkPort(containerPort, spec.name);
    if (hostPort !== 0) checkPort(hostPort, spec.name);
    const key = `${containerPort}/${protocol}`;
    const binding = { HostIp: hostAddress, HostPort: hostPort === 0 ? "" : String(hostPort) };
    bindings[key] = [...(bindings[key] ?? []), binding];
  }
  return bindings;
}

function device(path: string): Docker.DeviceMapping {
  return { PathOnHost: path, PathInContainer: path, CgroupPermissions: "rwm" };
}

const states = ["created", "running", "paused", "restarting", "removing", "exited", "dead"] as const;

/** Converts the response of `docker inspect` to a {@link ContainerInfo}. */
export function containerInfo(raw: Docker.ContainerInspectInfo): ContainerInfo {
  const networks = Object.entries(raw.NetworkSettings.Networks ?? {});
  return {
    id: raw.Id,
    name: raw.Name.replace(/^\//, ""),
    image: raw.Config.Image,
    labels: raw.Config.Labels ?? {},
    state: states.find((state) => state === raw.State.Status) ?? "dead",
    pid: raw.State.Pid,
    exitCode: raw.State.ExitCode,
    restartCount: raw.RestartCount,
    networkMode: raw.HostConfig.NetworkMode ?? "default",
    networks: networks.map(([network, { IPAddress, IPPrefixLen, Gateway, MacAddress }]) => ({
      network,
      address: IPAddress,
      prefixLength: IPPrefixLen,
      gateway: Gateway,
      mac: MacAddress,
    })),
    ports: Object.entries(raw.NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => {
      const [port = "", proto = ""] = key.split("/");
      const protocol = protocols.find((each) => each === proto) ?? "tcp";
      return (bindings ?? []).map(({ HostIp, HostPort }) => ({
        containerPort: Number(port),
        hostPort: Number(HostPort),
        hostAddress: HostIp,
        protocol,
      }));
    }),
  };
}
