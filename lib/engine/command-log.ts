import { type DebugLog, debugLog } from "./debug-log";

/**
 * A request to an engine, or a command that ran in a container.
 *
 * @example
 * import { type CommandRecord, Engine } from "wirebook";
 * const engine = await Engine.connect();
 * const failed: readonly CommandRecord[] = engine.log.records.filter(({ failure }) => failure !== undefined);
 * console.log(failed.map(({ command, milliseconds }) => `${command}: ${milliseconds} ms`));
 */
export interface CommandRecord {
  /** Time of the start, in milliseconds since 1970. */
  readonly at: number;
  /** Where it ran: the name of a place or of the engine. */
  readonly where: string;
  /** The shell command: `docker run -d …`, `ip route`. */
  readonly command: string;
  /** Duration. */
  readonly milliseconds: number;
  /** Exit code of a command. Absent for a request to the engine. */
  readonly exitCode?: number;
  /** The error message, if it failed. */
  readonly failure?: string;
}

/**
 * The requests and commands of one engine, in the order in which they ended. It keeps the last `limit` of them. With
 * `WIREBOOK_DEBUG=engine` it also prints each of them to stderr.
 */
export class CommandLog {
  /** The engine's name. */
  readonly engine: string;
  readonly #records: CommandRecord[] = [];
  readonly #limit: number;
  readonly #debug: DebugLog;

  /**
   * @param limit - number of records to keep. Default: 5,000.
   * @param debug - receives a line for each record. Default: the debug log `engine`.
   */
  constructor(engine = "engine", limit = 5_000, debug = debugLog("engine")) {
    this.engine = engine;
    this.#limit = limit;
    this.#debug = debug;
  }

  get records(): readonly CommandRecord[] {
    return this.#records;
  }

  add(record: CommandRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#limit) this.#records.splice(0, this.#records.length - this.#limit);
    this.#debug(recordText(record));
  }

  /** Runs `action` and records it. If it fails, records the error message and rethrows the error. */
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

/** Returns a record as one line. Line breaks in commands and messages are shown as `\n`. */
function recordText({ where, command, milliseconds, exitCode, failure }: CommandRecord): string {
  const parts = [
    `${where}: ${command}`,
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    `${milliseconds.toFixed(1)} ms`,
    ...(failure === undefined ? [] : [`failed: ${failure}`]),
  ];
  return parts.join(", ").trim().replace(/\r?\n/g, "\\n");
}
