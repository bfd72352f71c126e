import { type EngineEvent, LabError } from "../../engine";
import { vethName } from "../node/wiring";
import { ContainerPlace, type PlaceContainer, type PlaceParts } from "../place/place";
import { isImage } from "../runtime/image";
import { appExited, untilStarted } from "./app-start";
import { NodeApp } from "./node-app";
import type { PodHome } from "./pod-home";
import { checkLabels, type PodPlan } from "./spec/node-pod-spec";
import { startContainers } from "./start-on-node";
import { Waiters } from "./waiters";

/**
 * A running pod on a node: a pause container that owns the network namespace, the apps that joined it, and an address
 * from the node's chunk. Other pods see this address without NAT. Commands run in the first app.
 * Public as `Pod<"node">`.
 */
export class NodePod extends ContainerPlace {
  /** Name of the node. */
  readonly node: string;
  readonly apps: ReadonlyMap<string, NodeApp>;
  /** Id of the pause container. */
  readonly pause: string;
  readonly plan: PodPlan;
  /** Name of the node's end of its veth pair. */
  readonly veth: string;
  readonly #home: PodHome<NodePod>;
  readonly #address: string;
  readonly #pid: number;
  readonly #waiters = new Waiters();
  #labels: Readonly<Record<string, string>>;
  #probed: boolean;
  #phase: "running" | "terminating" | "ended" = "running";
  #timers = new Set<NodeJS.Timeout>();
  #ending: Promise<void> | undefined;
  #removal: Promise<void> | undefined;
  #started = false;

  private constructor(
    parts: PlaceParts,
    more: {
      home: PodHome<NodePod>;
      plan: PodPlan;
      pause: string;
      pid: number;
      address: string;
      apps: ReadonlyMap<string, NodeApp>;
    },
  ) {
    super(parts);
    this.node = more.home.name;
    this.plan = more.plan;
    this.pause = more.pause;
    this.apps = more.apps;
    this.veth = vethName(parts.name);
    this.#home = more.home;
    this.#address = more.address;
    this.#pid = more.pid;
    this.#labels = more.plan.labels;
    this.#probed = more.plan.readiness === undefined;
  }

  /** Starts pause, connects it to the node's bridge, then starts the apps. If an app fails, removes everything again. */
  static async start(home: PodHome<NodePod>, plan: PodPlan): Promise<NodePod> {
    const { runtime } = home;
    const { name } = plan;
    const address = home.takeAddress(name, plan.address);
    try {
      const { base, pid } = await startContainers(home, plan, address);
      const enter = () => base.netnsHandle();
      const access = runtime.access(name, 0);
      const parts = (of: ContainerPlace): PlaceParts => ({
        name: of.name,
        kind: of.kind,
        engine: of.engine,
        container: of.container,
        parent: home.name,
        enter,
        inspect: access.inspect,
      });
      const settled = () => home.changed("an app was killed");
      const apps = [...base.apps].map(([app, place]) => [app, new NodeApp(parts(place), settled)] as const);
      return new NodePod(parts(base), { home, plan, pause: base.pause, pid, address, apps: new Map(apps) });
    } catch (error) {
      home.releaseAddress(address);
      throw error;
    }
  }

  /**
   * The pod's address, from the node's chunk.
   *
   * @throws LabError `NOT_RUNNING` if its pause container has ended, because the address was in that namespace.
   */
  get address(): string {
    if (this.#phase !== "ended") return this.#address;
    throw new LabError("NOT_RUNNING", {
      where: this.name,
      found:
        "the pod has no address any more: its pause container has ended, and with it the network namespace",
      advice: `Start it again with a new address: node.pod("${this.name}", …).`,
    });
  }

  /** The labels that services select pods by. */
  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  /** The containers of the pod, for pictures. */
  async boxes(): Promise<readonly PlaceContainer[]> {
    const apps = [...this.apps].map(([name, app]) => {
      const image = this.plan.pod.apps?.[name]?.image ?? "base";
      return { name, role: "app" as const, detail: image, running: app.running };
    });
    return [{ name: "pause", role: "pause", running: this.#phase !== "ended" }, ...apps];
  }

  /** `terminating` while {@link remove} runs; `ended` when its pause container has ended and it has no address any more. */
  get phase(): "running" | "terminating" | "ended" {
    return this.#phase;
  }

  /** True while it can accept requests: all its apps run, and its readiness probe succeeds. */
  get ready(): boolean {
    return this.#phase === "running" && this.#probed && this.running;
  }

  /** True while pause and all apps run. */
  get running(): boolean {
    return this.#phase !== "ended" && [...this.apps.values()].every((app) => app.running);
  }

  /**
   * Returns one of its apps.
   *
   * @param name - default: the first app.
   * @throws LabError `UNKNOWN_PLACE` with the names of its apps.
   */
  app(name?: string): NodeApp {
    const app = name === undefined ? [...this.apps.values()][0] : this.apps.get(name);
    if (app) return app;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the pod has no app ${JSON.stringify(name)}`,
      advice: `Its apps are: ${[...this.apps.keys()].join(", ")}.`,
    });
  }

  /**
   * Changes its labels, and returns when the endpoints of every service are updated.
   *
   * Shell: `kubectl label pod NAME KEY=VALUE`.
   *
   * @param labels - added to the existing ones. An empty value removes a label.
   * @throws LabError `BAD_NAME`.
   */
  async label(labels: Readonly<Record<string, string>>): Promise<void> {
    const all = Object.entries({ ...this.#labels, ...checkLabels(labels, this.name) });
    this.#labels = Object.fromEntries(all.filter(([, value]) => value !== ""));
    await this.#home.changed(`${this.name}: labels changed`);
  }

  /**
   * Waits until the pod is ready.
   *
   * Shell: `kubectl wait --for=condition=Ready pod/NAME`.
   *
   * @param timeoutMs - default: 10,000.
   * @throws LabError `CONTAINER_EXITED` if an app ended, `NOT_READY` after the timeout.
   */
  async untilReady(timeoutMs = 10_000): Promise<void> {
    await this.#untilReady(timeoutMs);
    this.#started = true;
  }

  async #untilReady(timeoutMs: number): Promise<void> {
    if (this.ready) return;
    const reached = await this.#waiters.wait(timeoutMs);
    if (this.ready) return;
    const ended = [...this.apps.values()].find((app) => app.exitCode !== undefined);
    if (ended) throw await appExited(ended, ended.exitCode);
    throw new LabError("NOT_READY", {
      where: this.name,
      found: reached
        ? "the pod ended before it was ready"
        : `its readiness probe did not succeed within ${timeoutMs} ms`,
      advice: `Check its listening ports with ss -ltn, and its output with pod.app().logs(). The probe is ${JSON.stringify(this.plan.readiness)}.`,
    });
  }

  /**
   * Waits until every app has started: its process sleeps for the first time, or stays busy for 0.3 s.
   *
   * @throws LabError `CONTAINER_EXITED` if one of them has ended.
   */
  async checkStarted(): Promise<void> {
    const { shell } = this.#home.runtime.toolbox;
    await Promise.all([...this.apps.values()].map((app) => untilStarted(app, shell)));
    const ended = [...this.apps.values()].find((app) => app.exitCode !== undefined);
    if (ended) throw await appExited(ended, ended.exitCode);
    this.#started = true;
  }

  /**
   * Kills the pause container. The kernel then destroys the network namespace with its address and veth pair. Like
   * kubelet, the node also ends the apps, which have no network any more. Returns when the veth pair is gone. The kernel
   * removes it in the background (net/core/net_namespace.c, cleanup_net), and until then the address still replies.
   *
   * Shell: `docker kill PAUSE`.
   *
   * @throws LabError `TIMED_OUT` if a process keeps the namespace alive.
   */
  async killPause(): Promise<void> {
    await this.engine.containers.kill(this.pause);
    await this.end("its pause container was killed");
    await this.#home.unplugged(this.veth);
  }

  /**
   * Removes the pod from the endpoints of every service, stops its apps, and removes it.
   *
   * Shell: `kubectl delete pod NAME`.
   *
   * @param graceSeconds - time between SIGTERM and SIGKILL. Default: 2.
   */
  remove(graceSeconds = 2): Promise<void> {
    // If the pod is already ending, wait until it has ended.
    this.#removal ??= this.#ending ?? this.#remove(graceSeconds);
    return this.#removal;
  }

  async #remove(graceSeconds: number): Promise<void> {
    this.#phase = "terminating";
    await this.#home.changed(`${this.name}: removed`);
    const apps = [...this.apps.values()].filter((app) => app.running && !this.#onlySleeps(app));
    await Promise.all(apps.map((app) => this.engine.containers.stop(app.container, graceSeconds)));
    await this.end("it was removed");
  }

  /** Handles an engine event of one of its containers. */
  async noteEvent(event: EngineEvent): Promise<void> {
    if (this.#phase === "ended") return;
    if (event.id === this.pause) {
      if (event.action === "die") await this.end("its pause container ended", event.at);
      return;
    }
    const app = [...this.apps.values()].find(({ container }) => container === event.id);
    if (app && event.action === "die") await this.#appEnded(app, event);
    if (app && event.action === "start") await this.#appStarted(app, event);
  }

  /** Handles a new result of the readiness probe. */
  async noteProbe(ready: boolean): Promise<void> {
    if (this.#probed === ready || this.#phase === "ended") return;
    this.#probed = ready;
    this.#wakeWaiters();
    await this.#home.changed(`${this.name}: ${ready ? "ready" : "not ready any more"}`);
  }

  /** Removes its containers and releases its address. */
  end(why: string, at?: number): Promise<void> {
    this.#ending ??= this.#end(why, at);
    return this.#ending;
  }

  async #end(why: string, at?: number): Promise<void> {
    this.#phase = "ended";
    for (const timer of this.#timers) clearTimeout(timer);
    this.#wakeWaiters(true);
    const rulesWritten = this.#home.changed(`${this.name}: ${why}`, at);
    await this.#home.forget(this);
    // An open shell in the namespace would keep it and its address alive.
    this.#home.runtime.toolbox.leave(this.#pid);
    const containers = [...this.apps.values()].map(({ container }) => container);
    await Promise.all([...containers, this.pause].map((id) => this.engine.containers.remove(id)));
    this.#home.releaseAddress(this.#address);
    await rulesWritten;
  }

  async #appEnded(app: NodeApp, event: EngineEvent): Promise<void> {
    const code = event.attributes["exitCode"];
    if (this.plan.readiness !== undefined) this.#probed = false;
    app.noteEnd(code === undefined ? undefined : Number(code));
    this.#wakeWaiters(true);
    const rulesWritten = this.#home.changed(`${app.name} ended`, event.at);
    // An app that ends during the pod's start is not restarted: the start fails.
    const delayMs = this.#phase === "running" && this.#started ? app.backoffMs(this.plan.restart) : undefined;
    if (delayMs !== undefined) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        // A failure is in the engine's command log.
        if (this.#phase === "running") app.start().catch(() => undefined);
      }, delayMs);
      // The Node.js process may exit before the restart.
      timer.unref();
      this.#timers.add(timer);
    }
    await rulesWritten;
  }

  async #appStarted(app: NodeApp, event: EngineEvent): Promise<void> {
    if (app.running) return;
    app.noteStart();
    if (this.plan.readiness !== undefined) await this.#home.probe(this);
    else await this.#home.changed(`${app.name} started again`, event.at);
    this.#wakeWaiters();
  }

  /** True for the default command of the base image. As process 1, sleep ignores every signal but KILL. */
  #onlySleeps(app: NodeApp): boolean {
    const [name] = [...this.apps].find(([, each]) => each === app) ?? [];
    const spec = name === undefined ? undefined : this.plan.pod.apps?.[name];
    return spec?.command === undefined && isImage(spec?.image ?? "base", "base");
  }

  #wakeWaiters(always = false): void {
    if (always || this.ready) this.#waiters.wake();
  }
}
