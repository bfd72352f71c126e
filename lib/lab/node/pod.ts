import { type EngineEvent, LabError } from "../../engine";
import { startPod } from "../docker/pod";
import { ContainerPlace, type PlaceContainer, type PlaceParts } from "../place/place";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { isOurs } from "../runtime/image";
import { NodeApp } from "./app";
import { checkLabels, type PodPlan } from "./pod-spec";
import { vethName } from "./wiring";

/** How often, and with which pause, an app that still works is looked at before it is taken for one that stays. */
const SETTLE_LOOKS = 30;
const SETTLE_PAUSE_MS = 10;
/** How long a runtime may take from the start that the engine told of to the app's program. */
const RUNTIME_MS = 20_000;

/** What a pod needs of its node. */
export interface PodHome {
  readonly name: string;
  /** Its engine, on which its pods run. */
  readonly runtime: EngineRuntime;
  /** Plugs the namespace of the process `podPid` into the node's bridge. */
  plug(pod: string, podPid: number, address: string): Promise<void>;
  /** Resolves when the node has no link of this name any more. */
  unplugged(veth: string): Promise<void>;
  takeAddress(pod: string, wanted?: string): string;
  releaseAddress(address: string): void;
  /** Asks from now on whether the pod is ready, and tells it. */
  probe(pod: NodePod): Promise<void>;
  forget(pod: NodePod): Promise<void>;
  /** Resolves when the rules of every node agree with what the pods are now. */
  changed(cause: string, at?: number): Promise<void>;
}

/**
 * A pod that runs on a node: a pause container that holds the network namespace, the apps that joined it, and an address
 * from the node's chunk, which every other pod sees unchanged. Commands run in the first app.
 */
export class NodePod extends ContainerPlace {
  /** Name of its node. */
  readonly node: string;
  readonly apps: ReadonlyMap<string, NodeApp>;
  /** Id of the pause container. */
  readonly pause: string;
  readonly plan: PodPlan;
  /** Name of the node's end of its veth pair. */
  readonly veth: string;
  readonly #home: PodHome;
  readonly #address: string;
  readonly #pid: number;
  #labels: Readonly<Record<string, string>>;
  #probed: boolean;
  #phase: "running" | "terminating" | "ended" = "running";
  #readyWaiters: (() => void)[] = [];
  #timers = new Set<NodeJS.Timeout>();
  #ending: Promise<void> | undefined;
  #removal: Promise<void> | undefined;
  #started = false;

  private constructor(
    parts: PlaceParts,
    more: {
      home: PodHome;
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

  /** Starts pause, plugs it in, then starts the apps. What was started is removed again when one of them fails. */
  static async start(home: PodHome, plan: PodPlan): Promise<NodePod> {
    const { runtime } = home;
    const { name } = plan;
    const address = home.takeAddress(name, plan.address);
    let pid = 0;
    try {
      const base = await startPod(
        {
          engine: runtime.engine,
          network: "none",
          name,
          base: (suffix, role, image) => {
            const common = runtime.spec(name, role, image);
            return { ...common, name: `${common.name}${suffix}` };
          },
          run: async (spec) => {
            const pause = await runtime.run(spec);
            pid = pause.pid;
            try {
              await home.plug(name, pause.pid, address);
              return pause;
            } catch (error) {
              await runtime.engine.containers.remove(pause.id);
              throw error;
            }
          },
          runApp: (spec) => runtime.run(spec),
          remove: (id) => runtime.engine.containers.remove(id),
          access: (pid) => runtime.access(name, pid),
        },
        plan.pod,
      );
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
   * Its address, from the node's chunk.
   *
   * @throws LabError `NOT_RUNNING` once its pause container has ended: the address went with it.
   */
  get address(): string {
    if (this.#phase !== "ended") return this.#address;
    throw new LabError("NOT_RUNNING", {
      where: this.name,
      found: "the pod has no address any more: its pause container ended, and with it the network namespace",
      advice: `Make it again, and it gets another: node.pod("${this.name}", …).`,
    });
  }

  /** What services select it by. */
  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  async boxes(): Promise<readonly PlaceContainer[]> {
    const apps = [...this.apps].map(([name, app]) => {
      const image = this.plan.pod.apps?.[name]?.image ?? "base";
      return { name, role: "app" as const, detail: image, running: app.running };
    });
    return [{ name: "pause", role: "pause", running: this.#phase !== "ended" }, ...apps];
  }

  /** `ended` once its pause container has ended: then it has no address and no apps any more. */
  get phase(): "running" | "terminating" | "ended" {
    return this.#phase;
  }

  /** True while it may take requests: all its apps run, and its readiness probe succeeds. */
  get ready(): boolean {
    return this.#phase === "running" && this.#probed && this.running;
  }

  /** True while pause and all apps run. */
  get running(): boolean {
    return this.#phase !== "ended" && [...this.apps.values()].every((app) => app.running);
  }

  /**
   * One of its apps. Default: the first.
   *
   * @throws LabError `UNKNOWN_PLACE`, with the names there are.
   */
  app(name?: string): NodeApp {
    const app = name === undefined ? [...this.apps.values()][0] : this.apps.get(name);
    if (app) return app;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the pod has no app ${JSON.stringify(name)}`,
      advice: `It has: ${[...this.apps.keys()].join(", ")}.`,
    });
  }

  /**
   * Changes its labels, and the endpoints of every service with them. An empty value takes a label off.
   *
   * Shell: `kubectl label pod NAME KEY=VALUE`.
   */
  async label(labels: Readonly<Record<string, string>>): Promise<void> {
    const all = Object.entries({ ...this.#labels, ...checkLabels(labels, this.name) });
    this.#labels = Object.fromEntries(all.filter(([, value]) => value !== ""));
    await this.#home.changed(`${this.name}: labels changed`);
  }

  /**
   * Resolves when it may take requests.
   *
   * @param timeoutMs - default: 10,000.
   * @throws LabError `CONTAINER_EXITED` when an app ended meanwhile, `NOT_READY` after the time.
   */
  async untilReady(timeoutMs = 10_000): Promise<void> {
    await this.#untilReady(timeoutMs);
    this.#started = true;
  }

  async #untilReady(timeoutMs: number): Promise<void> {
    if (this.ready) return;
    const reached = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#readyWaiters.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    if (this.ready) return;
    const ended = [...this.apps.values()].find((app) => app.exitCode !== undefined);
    if (ended) throw await exited(ended, ended.exitCode);
    throw new LabError("NOT_READY", {
      where: this.name,
      found: reached
        ? "the pod ended before it was ready"
        : `its readiness probe did not succeed in ${timeoutMs} ms`,
      advice: `See what it listens on: ss -ltn in it, and what it says: pod.app().logs(). The probe: ${JSON.stringify(this.plan.readiness)}.`,
    });
  }

  /**
   * Resolves when every app has come so far that it waits for something, as what is to stay does.
   *
   * @throws LabError `CONTAINER_EXITED` when one of them has ended instead.
   */
  async checkStarted(): Promise<void> {
    await Promise.all([...this.apps.values()].map((app) => this.#settle(app)));
    const ended = [...this.apps.values()].find((app) => app.exitCode !== undefined);
    if (ended) throw await exited(ended, ended.exitCode);
    this.#started = true;
  }

  async #settle(app: NodeApp): Promise<void> {
    const { pid } = await app.state();
    const { shell } = this.#home.runtime.toolbox;
    const end = performance.now() + RUNTIME_MS;
    for (let look = 0; look < SETTLE_LOOKS; ) {
      const { stdout } = await shell.run(`cat /proc/${pid}/stat`);
      if (pid === 0 || stdout === "")
        throw await exited(app, await this.engine.containers.wait(app.container));
      if (!isRuntime(stdout)) {
        if (waits(stdout)) return;
        look += 1;
      } else if (performance.now() > end) return;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
    }
  }

  /**
   * Ends the pause container. The kernel then takes the network namespace apart: address, veth pair, and all.
   * The node ends the apps as well, since they have no network left, as kubelet does. Returns when the veth pair is gone:
   * the kernel does this in the background (net/core/net_namespace.c, cleanup_net), and until then the address answers.
   *
   * Shell: `docker kill PAUSE`.
   *
   * @throws LabError `TIMED_OUT` when something keeps the namespace alive.
   */
  async killPause(): Promise<void> {
    await this.engine.containers.kill(this.pause);
    await this.end("its pause container was killed");
    await this.#home.unplugged(this.veth);
  }

  /**
   * Takes the pod out of every service, lets its apps finish, and removes it.
   *
   * Shell: `kubectl delete pod NAME`.
   *
   * @param graceSeconds - how long the apps may take to end. Default: 2.
   */
  remove(graceSeconds = 2): Promise<void> {
    // One that is ending by itself is not gone before all of it is.
    this.#removal ??= this.#ending ?? this.#remove(graceSeconds);
    return this.#removal;
  }

  async #remove(graceSeconds: number): Promise<void> {
    this.#phase = "terminating";
    await this.#home.changed(`${this.name}: removed`);
    const apps = [...this.apps.values()].filter((app) => app.running && !this.#sleeps(app));
    await Promise.all(apps.map((app) => this.engine.containers.stop(app.container, graceSeconds)));
    await this.end("it was removed");
  }

  /** Takes note of what the engine says happened to one of its containers. */
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

  /** Takes note of what the readiness probe says. */
  async noteProbe(ready: boolean): Promise<void> {
    if (this.#probed === ready || this.#phase === "ended") return;
    this.#probed = ready;
    this.#wake();
    await this.#home.changed(`${this.name}: ${ready ? "ready" : "not ready any more"}`);
  }

  /** Ends what is left of it and gives its address back. */
  end(why: string, at?: number): Promise<void> {
    this.#ending ??= this.#end(why, at);
    return this.#ending;
  }

  async #end(why: string, at?: number): Promise<void> {
    this.#phase = "ended";
    for (const timer of this.#timers) clearTimeout(timer);
    this.#wake(true);
    const ruled = this.#home.changed(`${this.name}: ${why}`, at);
    await this.#home.forget(this);
    // A shell that is open in the namespace would keep it, and its address, alive.
    this.#home.runtime.toolbox.leave(this.#pid);
    const containers = [...this.apps.values()].map(({ container }) => container);
    await Promise.all([...containers, this.pause].map((id) => this.engine.containers.remove(id)));
    this.#home.releaseAddress(this.#address);
    await ruled;
  }

  async #appEnded(app: NodeApp, event: EngineEvent): Promise<void> {
    const code = event.attributes["exitCode"];
    if (this.plan.readiness !== undefined) this.#probed = false;
    app.noteEnd(code === undefined ? undefined : Number(code));
    this.#wake(true);
    const ruled = this.#home.changed(`${app.name} ended`, event.at);
    // What does not even start is not started over and over, but refused.
    const wait = this.#phase === "running" && this.#started ? app.backoff(this.plan.restart) : undefined;
    if (wait !== undefined) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        // An engine that refuses has said so in its record; the next event of the pod will show where it stands.
        if (this.#phase === "running") app.start().catch(() => undefined);
      }, wait);
      // A lab that is closed meanwhile need not wait for it.
      timer.unref();
      this.#timers.add(timer);
    }
    await ruled;
  }

  async #appStarted(app: NodeApp, event: EngineEvent): Promise<void> {
    if (app.running) return;
    app.noteStart();
    if (this.plan.readiness !== undefined) await this.#home.probe(this);
    else await this.#home.changed(`${app.name} started again`, event.at);
    this.#wake();
  }

  /** The base image's own command has nothing to finish, and as process 1 it would let every signal but KILL pass. */
  #sleeps(app: NodeApp): boolean {
    const [name] = [...this.apps].find(([, each]) => each === app) ?? [];
    const spec = name === undefined ? undefined : this.plan.pod.apps?.[name];
    return spec?.command === undefined && isOurs(spec?.image ?? "base", "base");
  }

  #wake(always = false): void {
    if (!always && !this.ready) return;
    for (const resolve of this.#readyWaiters.splice(0)) resolve();
  }
}

async function exited(app: NodeApp, code: number | undefined): Promise<LabError> {
  const said = (await app.logs(3).catch(() => "")).trim().replaceAll("\n", " / ");
  return new LabError("CONTAINER_EXITED", {
    where: app.name,
    found: `it ended with exit code ${code ?? "unknown"}${said === "" ? "" : `: ${said}`}`,
    advice: 'Give it a command that stays, for example { command: ["sleep", "infinity"] }.',
  });
}

/** True for a process that sleeps: proc(5), stat. */
function waits(stat: string): boolean {
  return /^\d+ \(.*\) [SIT] /.test(stat);
}

/** True for the runtime that is about to become the app's program: on a busy machine it may take its time. */
function isRuntime(stat: string): boolean {
  return /^\d+ \((?:runc:|crun|youki)/.test(stat);
}
