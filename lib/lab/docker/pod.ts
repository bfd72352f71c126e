import type { ContainerInfo, ContainerSpec, Engine, Publish } from "../../engine";
import { checkPort, LabError } from "../../engine";
import { imageTag } from "../../setup/images";
import { networkCapabilities } from "../context/lab-context";
import { servedPort, waitListening } from "../place/listening";
import { ContainerPlace, type PlaceContainer } from "../place/place";
import type { NamespaceAccess } from "../runtime/engine-runtime";
import { imageReference, isImage, isWirebookImage } from "../runtime/image";
import { type PublishMap, publishList } from "./publish";

/** One container of a pod. */
export interface AppSpec {
  /** `base`, `web`, or any image the engine has. Default: `base`, which sleeps. */
  readonly image?: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Without `CAP_`. Default: what ip, iptables, ping and tcpdump need for `base`; none for every other image. */
  readonly capabilities?: readonly string[];
  /** What the engine does when it ends. Default: `no`. */
  readonly restart?: "no" | "always" | "on-failure";
  /** TCP port on which it listens when it is ready; the pod is returned then. Default: 80 for `web`, none for others. */
  readonly ready?: number;
}

/** What a pod is made from: one app, or several by their names. */
export interface PodSpec extends AppSpec {
  readonly apps?: Readonly<Record<string, AppSpec>>;
  /** Host port to pod port on 127.0.0.1: `{ 8080: 80 }`. */
  readonly publish?: PublishMap;
}

/** One app of a running pod: commands run in it, and see the pod's network. */
export class App extends ContainerPlace {
  /** Ends it as the kernel would. The pod's network stays. Shell: `docker kill -s SIGNAL`. */
  async kill(signal = "KILL"): Promise<void> {
    await this.engine.containers.kill(this.container, signal);
  }

  /** Starts it again after it ended. Shell: `docker start`. */
  async start(): Promise<void> {
    await this.engine.containers.start(this.container, this.name);
  }

  /** What its process 1 printed. Shell: `docker logs`. */
  logs(lines = 100): Promise<string> {
    return this.engine.containers.logs(this.container, lines);
  }
}

/**
 * A pod that runs: a pause container that holds the network namespace, and apps that joined it. Commands run in the
 * first app.
 */
export class Pod extends ContainerPlace {
  readonly apps: ReadonlyMap<string, App>;
  /** Its address on the network it stands on; the empty text where it has none. */
  readonly address: string;
  /** Where its ports are published on the engine's machine. */
  readonly ports: readonly Required<Publish>[];
  /** Id of the pause container. */
  readonly pause: string;

  constructor(
    parts: ConstructorParameters<typeof ContainerPlace>[0] & {
      apps: ReadonlyMap<string, App>;
      pause: ContainerInfo;
      address: string;
    },
  ) {
    super(parts);
    this.apps = parts.apps;
    this.pause = parts.pause.id;
    this.address = parts.address;
    this.ports = parts.pause.ports;
  }

  /**
   * One of its apps by its name.
   *
   * @throws LabError `UNKNOWN_PLACE`, with the names there are.
   */
  app(name: string): App {
    const app = this.apps.get(name);
    if (app) return app;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the pod has no app ${JSON.stringify(name)}`,
      advice: `There are: ${[...this.apps.keys()].join(", ")}.`,
    });
  }

  /** Its containers, as the engine sees them now. */
  async boxes(): Promise<readonly PlaceContainer[]> {
    const box = async (id: string, name: string, role: "pause" | "app"): Promise<PlaceContainer> => {
      const info = await this.engine.containers.inspect(id, name).catch(() => undefined);
      const detail = info?.image.replace(/^wirebook\/([a-z]+):[0-9a-f]+$/, "$1");
      return {
        name,
        role,
        running: info?.state === "running",
        ...(detail === undefined || role === "pause" ? {} : { detail }),
      };
    };
    return Promise.all([
      box(this.pause, "pause", "pause"),
      ...[...this.apps].map(([name, app]) => box(app.container, name, "app")),
    ]);
  }

  /** Ends the pause container: the address goes, and with it the network of all apps. Shell: `docker kill`. */
  async killPause(): Promise<void> {
    await this.engine.containers.kill(this.pause);
  }
}

/** Where a pod is started. */
export interface PodSite {
  readonly engine: Engine;
  /** The network that pause is on. */
  readonly network: string;
  /** Full name of the pod on the lab. */
  readonly name: string;
  /** The place it lives in. */
  readonly parent?: string;
  /** Name, labels and limits of a container of this pod. */
  readonly base: (suffix: string, role: string, image: string) => ContainerSpec;
  /** Starts pause. */
  readonly run: (spec: ContainerSpec) => Promise<ContainerInfo>;
  /** Removes a container of this pod. */
  readonly remove: (id: string) => Promise<void>;
  /** Starts an app. */
  readonly runApp: (spec: ContainerSpec) => Promise<ContainerInfo>;
  readonly access: (pid: number) => NamespaceAccess;
}

/**
 * Starts pause, then the apps in parallel. When one of them cannot be, what was started is removed again.
 *
 * Shell: `docker run -d --name pause …`, then `docker run -d --net=container:pause …` for each app.
 */
export async function startPod(site: PodSite, spec: PodSpec): Promise<Pod> {
  const { engine, name } = site;
  const publish = publishList(spec.publish ?? {}, name);
  const all = spec.apps ?? { app: spec };
  checkApps(all, name);
  const apps = Object.entries(all);
  const pause = await site.run({
    ...site.base("", "pod", imageTag("pause")),
    network: site.network,
    // As kubelet sets it, so that an app of any user may bind a port below 1024.
    sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" },
    capabilities: [],
    publish,
    memoryBytes: 16 * 1024 * 1024,
    pids: 16,
  });
  try {
    const access = site.access(pause.pid);
    const starts = apps.map(
      async ([app, appSpec]) => [app, await startApp(site, access, pause.id, app, appSpec)] as const,
    );
    // When one is refused, the others are still being started: what is removed then has to be all of them.
    await Promise.allSettled(starts);
    const started = await Promise.all(starts);
    await Promise.all(apps.map(([app, appSpec]) => whenReady(access, `${name}/${app}`, appSpec)));
    const first = started[0]?.[1].container ?? pause.id;
    const address = pause.networks[0]?.address ?? "";
    const parent = site.parent === undefined ? {} : { parent: site.parent };
    const place = { name, kind: "pod" as const, engine, container: first, ...parent, ...access };
    return new Pod({ ...place, apps: new Map(started), pause, address });
  } catch (error) {
    await removePod(site, pause.id);
    throw error;
  }
}

/**
 * Refuses a pod without apps, and names that no app can have.
 *
 * @throws LabError `BAD_NAME`.
 */
export function checkApps(apps: Readonly<Record<string, AppSpec>>, pod: string): void {
  const names = Object.keys(apps);
  if (names.length === 0) {
    throw new LabError("BAD_NAME", {
      where: pod,
      found: "a pod without apps was asked for",
      advice: "Leave apps out and the pod has one that sleeps, or name at least one.",
    });
  }
  const bad = names.find((app) => !/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(app));
  if (bad === undefined) return;
  throw new LabError("BAD_NAME", {
    where: pod,
    found: `${JSON.stringify(bad)} cannot name an app`,
    advice: "An app's name has lower-case letters, digits and hyphens, as in web or log-reader.",
  });
}

async function whenReady(access: NamespaceAccess, where: string, spec: AppSpec): Promise<void> {
  const port = spec.ready ?? (spec.command ? undefined : servedPort(spec.image ?? "base", spec.env));
  if (port !== undefined) await waitListening(await access.enter(), checkPort(port, where), where);
}

async function removePod(site: PodSite, pause: string): Promise<void> {
  const prefix = site.base("", "pod", "").name;
  const apps = (await site.engine.containers.list()).filter(({ name }) => name.startsWith(`${prefix}.`));
  await Promise.all(apps.map(({ id }) => site.engine.containers.remove(id)));
  await site.remove(pause);
}

async function startApp(
  site: PodSite,
  access: NamespaceAccess,
  pause: string,
  app: string,
  spec: AppSpec,
): Promise<App> {
  const image = imageReference(spec.image ?? "base");
  const info = await site.runApp({
    ...site.base(`.${app}`, "app", image),
    network: `container:${pause}`,
    capabilities: spec.capabilities ?? (isImage(spec.image ?? "base", "base") ? networkCapabilities : []),
    ...(spec.command ? { command: spec.command } : {}),
    env: { POD_NAME: site.name.split("/").at(-1) ?? site.name, ...spec.env },
    ...(spec.restart === undefined ? {} : { restart: spec.restart }),
  });
  if (spec.restart === undefined && (spec.command || !isWirebookImage(spec.image ?? "base"))) {
    await refuseExited(site.engine, info.id, `${site.name}/${app}`);
  }
  return new App({
    name: `${site.name}/${app}`,
    kind: "container",
    engine: site.engine,
    container: info.id,
    ...access,
  });
}

// A program that cannot start ends a moment after the engine said that it runs. One exec later, however busy the machine
// is, it has ended; what does not run then is refused with what it said. The exec may find it ended before the engine has
// taken note of that.
async function refuseExited(engine: Engine, id: string, where: string): Promise<void> {
  const ended = await engine.exec(id, ["true"], { where }).then(
    () => false,
    (error: unknown) => error instanceof LabError && error.code === "NOT_RUNNING",
  );
  if (ended) await engine.containers.wait(id);
  const info = await engine.containers.inspect(id, where);
  if (info.state !== "exited") return;
  const said = (await engine.containers.logs(id, 3).catch(() => "")).trim().replaceAll("\n", " / ");
  throw new LabError("CONTAINER_EXITED", {
    where,
    found: `it ended at once with exit code ${info.exitCode}${said === "" ? "" : `: ${said}`}`,
    advice: 'Give it a command that stays, for example { command: ["sleep", "infinity"] }.',
  });
}
