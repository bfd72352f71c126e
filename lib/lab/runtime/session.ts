import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Engine, inNotebook, LabError, type Labels, label, Reaper, Shell } from "../../engine";
import { imageTag } from "../../setup/images";
import { clearOrphans, removeOwned } from "./orphans";
import { Toolbox } from "./toolbox";

const open = new Set<Session>();
const sessions = new WeakMap<Engine, Promise<Session>>();

/**
 * What one process of ours keeps on one engine, for all its labs: an owner's id that is on everything it makes, the
 * reaper that removes all of that when the process ends, and the toolbox that enters namespaces.
 */
export class Session {
  readonly engine: Engine;
  /** Eight hex digits: part of every name, so that labs of several kernels and users never collide. */
  readonly owner: string;
  /** The labs that are open, by their names. */
  readonly labs = new Map<string, { shut(): Promise<void> }>();
  readonly #reaper: Reaper;
  readonly #toolbox: Toolbox;
  readonly #hostShell: Shell;
  /** True when a lab could not remove all that it had here. */
  unfinished = false;
  #lost = false;

  private constructor(engine: Engine, owner: string, reaper: Reaper, toolbox: Toolbox) {
    this.engine = engine;
    this.owner = owner;
    this.#reaper = reaper;
    this.#toolbox = toolbox;
    this.#hostShell = new Shell(engine, reaper.container, ["sh"], "host");
  }

  /** This process's session on an engine; a new one when the earlier one was lost with its engine. */
  static async on(engine: Engine): Promise<Session> {
    const known = await sessions.get(engine)?.catch(() => undefined);
    if (known && (await known.#sound())) return known;
    const again = sessions.get(engine);
    if (again && (await again.catch(() => undefined)) !== known) return Session.on(engine);
    const started = Session.#start(engine);
    sessions.set(engine, started);
    return started;
  }

  static async #start(engine: Engine): Promise<Session> {
    const owner = randomBytes(4).toString("hex");
    const labels = sessionLabels(owner);
    const image = imageTag("base");
    let session: Session | undefined;
    // The reaper is there before anything else is, so that whatever happens from here on is cleared.
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
    endWithKernel();
    open.add(session);
    return session;
  }

  /** Labels of everything this process makes. */
  get labels(): Labels {
    return sessionLabels(this.owner);
  }

  /** Enters namespaces of the engine's containers. */
  get toolbox(): Toolbox {
    return this.#toolbox;
  }

  /** A shell in the engine's own network namespace; it only ever reads. */
  get hostShell(): Shell {
    return this.#hostShell;
  }

  /** False once the reaper could not be held any more: then all that this session made is being removed. */
  get alive(): boolean {
    return !this.#lost;
  }

  /** @throws LabError `ENGINE_GONE` when the session was lost. */
  check(where: string): void {
    if (!this.alive) throw this.gone(where);
  }

  /** Why nothing of a lab can be asked here any more. */
  gone(where: string): LabError {
    return new LabError("ENGINE_GONE", {
      where,
      found: `the container engine ${this.engine.name} went away in between, and took the lab's containers with it`,
      advice: "Run the notebook again from the cell that opens the lab.",
    });
  }

  // An engine that was stopped and started again has started the reaper, but nothing else.
  async #sound(): Promise<boolean> {
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

  /** Closes every lab of this process, on every engine. One that cannot be asked any more is the reaper's. */
  static async endAll(): Promise<void> {
    const all = [...open].map(async (session) => {
      await Promise.all([...session.labs.values()].map((lab) => lab.shut()));
      await session.end();
    });
    await Promise.allSettled(all);
  }

  /** Removes the session's own containers when no lab needs it any more. */
  async endIdle(): Promise<void> {
    if (this.labs.size === 0) await this.end();
  }

  /**
   * Removes the session's own containers. Its labs are closed by then; what could not be removed with them, because
   * another engine of theirs is gone, is left to the reaper, who goes on trying.
   */
  async end(): Promise<void> {
    sessions.delete(this.engine);
    open.delete(this);
    this.#hostShell.close();
    try {
      await this.#toolbox.remove();
      if (!this.unfinished) await this.#reaper.release();
    } finally {
      // What the engine can be asked no more is the reaper's as well.
      this.#reaper.drop();
    }
  }
}

// The socket as the engine's own machine names it. Rootless Docker and Podman have it where their client has it; Docker
// Desktop's is inside its own machine, and so is that of an engine which is reached over a network.
function socketOf({ name }: Engine): string {
  const path = /^unix:\/\/(\/.+)$/.exec(name)?.[1];
  return path === undefined || path.includes("/.docker/") ? "/var/run/docker.sock" : path;
}

let listening = false;

// A notebook's kernel that ends says so with SIGTERM and waits a moment: time enough to leave nothing at once, where the
// reaper would take seconds. In every other program a signal does what it always does, and the reaper does the rest.
function endWithKernel(): void {
  if (listening || !inNotebook()) return;
  listening = true;
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
