import type { ContainerInfo, ContainerSpec, Engine, Publish } from "../../engine";
import { checkPort, LabError } from "../../engine";
import { imageTag } from "../../setup/images";
import { withoutUndefined } from "../../without-undefined";
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
  /** Restart policy of the engine, as in `docker run --restart`. Default: `no`. */
  readonly restart?: "no" | "always" | "on-failure";
  /** TCP port to wait for before the pod is returned. Default: 80 for `web`, none for other images. */
  readonly ready?: number;
}

/**
 * Options of a pod: those of its only app, or `apps` for several apps by name.
 *
 * @example
 * import { Lab, type PodSpec } from "wirebook";
 * const lab = await Lab.open("pod-spec-example");
 * const spec: PodSpec = { apps: { web: { image: "web" }, debug: { image: "base" } } };
 * await lab.pod("shop", spec);
 * await lab.close();
 */
export interface PodSpec extends AppSpec {
  readonly apps?: Readonly<Record<string, AppSpec>>;
  /** Host port to pod port on 127.0.0.1: `{ 8080: 80 }`. */
  readonly publish?: PublishMap;
}

/**
 * One app of a running pod. Commands run in its container and in the pod's network namespace.
 *
 * @example
 * import { type App, Lab } from "wirebook";
 * const lab = await Lab.open("app-example");
 * const pod = await lab.pod("web", { image: "web" });
 * const app: App = pod.app("app");
 * await app.kill();
 * await app.start();
 * await lab.close();
 */
export class App extends ContainerPlace {
  /** Sends a signal to its process 1. The pod keeps its network. Shell: `docker kill -s SIGNAL NAME`. */
  async kill(signal = "KILL"): Promise<void> {
    await this.engine.containers.kill(this.container, signal);
  }

  /** Starts the app again after it has exited. Shell: `docker start NAME`. */
  async start(): Promise<void> {
    await this.engine.containers.start(this.container, this.name);
  }

  /** Returns the last lines that its process 1 printed. Default: 100 lines. Shell: `docker logs --tail 100 NAME`. */
  logs(lines = 100): Promise<string> {
    return this.engine.containers.logs(this.container, lines);
  }
}

/**
 * A running pod: a pause container that owns the network namespace, and app containers that joined it. Commands run in
 * the first app.
 *
 * @example
 * import { Lab, type Pod } from "wirebook";
 * const lab = await Lab.open("pod-class-example");
 * const pod: Pod = await lab.pod("web", { image: "web" });
 * await lab.outside.get(pod.address);
 * await lab.close();
 */
export class Pod extends ContainerPlace {
  readonly apps: ReadonlyMap<string, App>;
  /** IP address on its network, or an empty string if it has none. */
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
   * Returns the app with this name.
   *
   * @throws LabError `UNKNOWN_PLACE`, which lists the existing names.
   */
  app(name: string): App {
    const app = this.apps.get(name);
    if (app) return app;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the pod has no app ${JSON.stringify(name)}`,
      advice: `The pod has: ${[...this.apps.keys()].join(", ")}.`,
    });
  }

  /** The current state of its containers. */
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

  /** Kills the pause container: its address and its link to the network are removed, so the apps lose their network. */
  async killPause(): Promise<void> {
    await this.engine.containers.kill(this.pause);
  }
}

/** Where a pod is started. */
export interface PodSite {
  readonly engine: Engine;
  /** Name of the network of the pause container. */
  readonly network: string;
  /** Full name of the pod in the lab. */
  readonly name: string;
  /** Name of the place that contains it. */
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
 * Starts the pause container, then the apps in parallel. If one fails, removes everything that was started.
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
    // Lets an app of any user bind a port below 1024, as container runtimes for Kubernetes do.
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
    // Wait for all to settle, so that a failure removes the apps that were still starting too.
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
 * Checks that a pod has at least one app and that the names of its apps are valid.
 *
 * @throws LabError `BAD_NAME`.
 */
export function checkApps(apps: Readonly<Record<string, AppSpec>>, pod: string): void {
  const names = Object.keys(apps);
  if (names.length === 0) {
    throw new LabError("BAD_NAME", {
      where: pod,
      found: "the pod has no apps",
      advice: "Omit apps to get one app that sleeps, or give at least one.",
    });
  }
  const bad = names.find((app) => !/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(app));
  if (bad === undefined) return;
  throw new LabError("BAD_NAME", {
    where: pod,
    found: `${JSON.stringify(bad)} is not a valid name for an app`,
    advice: "Use lower-case letters, digits and hyphens, as in web or log-reader.",
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
    ...withoutUndefined({ restart: spec.restart }),
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

// A program that fails at startup exits shortly after the engine reports it as running. One exec takes long enough for it
// to exit, even on a busy machine. The exec can find the container stopped before the engine has recorded its exit, so
// wait for that first.
async function refuseExited(engine: Engine, id: string, where: string): Promise<void> {
  const ended = await engine.exec(id, ["true"], { where }).then(
    () => false,
    (error: unknown) => error instanceof LabError && error.code === "NOT_RUNNING",
  );
  if (ended) await engine.containers.wait(id);
  const info = await engine.containers.inspect(id, where);
  if (info.state !== "exited") return;
  const output = (await engine.containers.logs(id, 3).catch(() => "")).trim().replaceAll("\n", " / ");
  throw new LabError("CONTAINER_EXITED", {
    where,
    found: `it exited at once with code ${info.exitCode}${output === "" ? "" : `: ${output}`}`,
    advice: 'Use a command that keeps running, for example { command: ["sleep", "infinity"] }.',
  });
}
