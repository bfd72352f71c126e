import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Engine, inNotebook, LabError, type Labels, label, Reaper, Shell } from "../../engine";
import { imageTag } from "../../setup/images";
import { clearOrphans, removeOwned } from "./orphans";
import { Toolbox } from "./toolbox";

const open = new Set<Session>();
const sessions = new WeakMap<Engine, Promise<Session>>();

/**
 * What this process has on one engine and shares between all its labs: an owner id that labels everything it creates, the
 * reaper that removes all of that when the process ends, and the toolbox that enters network namespaces.
 */
export class Session {
  readonly engine: Engine;
  /** Eight hex digits that are part of every name, so that the labs of different kernels and users never collide. */
  readonly owner: string;
  /** The open labs, by name. */
  readonly labs = new Map<string, { shut(): Promise<void> }>();
  readonly #reaper: Reaper;
  readonly #toolbox: Toolbox;
  readonly #hostShell: Shell;
  /** True if a lab could not remove everything that it had on this engine. */
  unfinished = false;
  /** True once the connection to the reaper is lost. */
  #lost = false;

  private constructor(engine: Engine, owner: string, reaper: Reaper, toolbox: Toolbox) {
    this.engine = engine;
    this.owner = owner;
    this.#reaper = reaper;
    this.#toolbox = toolbox;
    this.#hostShell = new Shell(engine, reaper.container, ["sh"], "host");
  }

  /** Returns this process's session on an engine. Starts a new one if there is none or the engine has restarted. */
  static async on(engine: Engine): Promise<Session> {
    const known = await sessions.get(engine)?.catch(() => undefined);
    if (known && (await known.#works())) return known;
    // While this call waited, another one may have started a new session.
    const current = sessions.get(engine);
    if (current && (await current.catch(() => undefined)) !== known) return Session.on(engine);
    const started = Session.#start(engine);
    sessions.set(engine, started);
    return started;
  }

  static async #start(engine: Engine): Promise<Session> {
    const owner = randomBytes(4).toString("hex");
    const labels = sessionLabels(owner);
    const image = imageTag("base");
    let session: Session | undefined;
    // Start the reaper before anything else, so that it cleans up whatever happens from here on.
    const reaper = await Reaper.start({
      engine,
      owner,
      name: `wirebook-${owner}-reaper`,
      image,
      labels,
      socket: socketOf(engine),
    });
    try {
      const [toolbox] = await Promise.all([
        Toolbox.start(engine, `wirebook-${owner}-toolbox`, image, labels),
        reaper.hold(() => session?.lose()),
      ]);
      await toolbox.name(reaper.pid);
      session = new Session(engine, owner, reaper, toolbox);
    } catch (error) {
      await removeOwned(engine, owner);
      throw error;
    }
    clearOrphans(engine).catch(() => undefined);
    closeLabsOnSigterm();
    open.add(session);
    return session;
  }

  /** Labels of everything that this process creates. */
  get labels(): Labels {
    return sessionLabels(this.owner);
  }

  /** Enters namespaces of the engine's containers. */
  get toolbox(): Toolbox {
    return this.#toolbox;
  }

  /** A shell in the network namespace of the engine's machine. Only use it to read. */
  get hostShell(): Shell {
    return this.#hostShell;
  }

  /** False once the connection to the reaper is lost. The reaper then removes everything that this session created. */
  get alive(): boolean {
    return !this.#lost;
  }

  /** @throws LabError `ENGINE_GONE` if the connection to the reaper is lost. */
  check(where: string): void {
    if (!this.alive) throw this.gone(where);
  }

  /** The error for operations on a lab whose engine is gone. */
  gone(where: string): LabError {
    return new LabError("ENGINE_GONE", {
      where,
      found: `the container engine ${this.engine.name} stopped or can't be reached, so the lab's containers are gone`,
      advice: "Run the notebook again from the cell that opens the lab.",
    });
  }

  // After the engine restarts, the reaper runs again (restart policy), but no other container of the session does.
  async #works(): Promise<boolean> {
    if (this.#lost) return false;
    const works = await this.#toolbox.shell.run("true").then(
      () => true,
      () => false,
    );
    if (!works) this.lose();
    return works;
  }

  private lose(): void {
    if (this.#lost) return;
    this.#reaper.drop();
    this.#lost = true;
    open.delete(this);
    this.#hostShell.close();
    this.#toolbox.close();
  }

  /** Closes all labs of this process on all engines. Ignores errors: the reaper of an engine removes what remains there. */
  static async endAll(): Promise<void> {
    const all = [...open].map(async (session) => {
      await Promise.all([...session.labs.values()].map((lab) => lab.shut()));
      await session.end();
    });
    await Promise.allSettled(all);
  }

  /** Removes the session's own containers if no lab is open. */
  async endIdle(): Promise<void> {
    if (this.labs.size === 0) await this.end();
  }

  /**
   * Removes the session's own containers. Call it after its labs are closed. If a lab could not remove everything because
   * another engine is gone, the reaper keeps running and retries.
   */
  async end(): Promise<void> {
    sessions.delete(this.engine);
    open.delete(this);
    this.#hostShell.close();
    try {
      await this.#toolbox.remove();
      if (!this.unfinished) await this.#reaper.release();
    } finally {
      // The lost connection makes the reaper remove what this process could not, for example after the engine's socket failed.
      this.#reaper.drop();
    }
  }
}

// The path of the engine's socket on the engine's machine, where the reaper mounts it. For rootless Docker and Podman it
// is the same path that the client uses. Docker Desktop's engine and remote engines are on another machine.
function socketOf({ name }: Engine): string {
  const path = /^unix:\/\/(\/.+)$/.exec(name)?.[1];
  return path === undefined || path.includes("/.docker/") ? "/var/run/docker.sock" : path;
}

let handlesSigterm = false;

// When a notebook's kernel shuts down, it gets SIGTERM and a short grace period. That is enough to close the labs here; the
// reaper would take seconds longer. In other programs SIGTERM ends the process as usual, and the reaper cleans up.
function closeLabsOnSigterm(): void {
  if (handlesSigterm || !inNotebook()) return;
  handlesSigterm = true;
  process.once("SIGTERM", () => void Session.endAll().then(() => process.exit(0)));
}

function sessionLabels(owner: string): Labels {
  return {
    [label.wirebook]: "session",
    [label.owner]: owner,
    [label.by]: `${hostname()}/${process.pid}`,
    [label.since]: new Date().toISOString(),
  };
}
