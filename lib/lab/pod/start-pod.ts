import type { ContainerInfo, ContainerSpec, Engine } from "../../engine";
import { checkPort, LabError } from "../../engine";
import { imageTag } from "../../setup/images";
import { withoutUndefined } from "../../without-undefined";
import { networkCapabilities } from "../context/lab-context";
import { servedPort, waitListening } from "../place/listening";
import type { NamespaceAccess } from "../runtime/engine-runtime";
import { imageReference, isImage, isWirebookImage } from "../runtime/image";
import { NetworkPod } from "./network-pod";
import { PodApp } from "./pod-app";
import { type AppSpec, checkApps } from "./spec/app-spec";
import type { NetworkPodSpec } from "./spec/network-pod-spec";
import { publishList } from "./spec/publish";

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
export async function startPod(site: PodSite, spec: NetworkPodSpec): Promise<NetworkPod> {
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
    return new NetworkPod({ ...place, apps: new Map(started), pause, address });
  } catch (error) {
    await removePod(site, pause.id);
    throw error;
  }
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
): Promise<PodApp> {
  const image = imageReference(spec.image ?? "base");
  const info = await site.runApp({
    ...site.base(`.${app}`, "app", image),
    network: `container:${pause}`,
    capabilities: spec.capabilities ?? (isImage(spec.image ?? "base", "base") ? networkCapabilities : []),
    ...withoutUndefined({ command: spec.command }),
    env: { POD_NAME: site.name.split("/").at(-1) ?? site.name, ...spec.env },
    ...withoutUndefined({ restart: spec.restart }),
  });
  if (spec.restart === undefined && (spec.command || !isWirebookImage(spec.image ?? "base"))) {
    await refuseExited(site.engine, info.id, `${site.name}/${app}`);
  }
  return new PodApp({
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
