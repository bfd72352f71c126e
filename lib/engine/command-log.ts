/** One thing that the library asked of an engine or ran in a container. */
export interface CommandRecord {
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** Where it ran: the name of a place, or of the engine. */
  readonly where: string;
  /** What ran, as one would type it: `docker run -d …`, `ip route`. */
  readonly command: string;
  /** How long it took. */
  readonly milliseconds: number;
  /** Exit code of a command; absent for a request to the engine. */
  readonly exitCode?: number;
  /** Why it failed, in the engine's own words. */
  readonly failure?: string;
}

/**
 * The list of all that one engine was asked, in the order in which it ended. It keeps the newest `limit`.
 * Everything that touches Docker passes here, and only here.
 */
export class CommandLog {
  /** The engine's name. */
  readonly engine: string;
  readonly #records: CommandRecord[] = [];
  readonly #limit: number;

  constructor(engine = "engine", limit = 5_000) {
    this.engine = engine;
    this.#limit = limit;
  }

  get records(): readonly CommandRecord[] {
    return this.#records;
  }

  add(record: CommandRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#limit) this.#records.splice(0, this.#records.length - this.#limit);
  }

  /** Runs `action` and records it; a failure is recorded and thrown on. */
  async run<T>(where: string, command: string, action: () => Promise<T>): Promise<T> {
    const at = Date.now();
    const start = performance.now();
    try {
      const result = await action();
      this.add({ at, where, command, milliseconds: performance.now() - start });
      return result;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.add({ at, where, command, milliseconds: performance.now() - start, failure });
      throw error;
    }
  }
}
