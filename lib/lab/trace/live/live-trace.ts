import { randomBytes } from "node:crypto";
import type { PlaceTrace } from "../../../netfilter/trace/align";
import { type Flow, OWN_TABLE, ownTables } from "../../../netfilter/trace/own-table";
import type { TraceEvent } from "../../../netfilter/trace/read/event";
import type { LoadedRules } from "../../../netfilter/trace/read/loaded";
import { groupPackets } from "../../../netfilter/trace/read/packets";
import { TraceOutput } from "./trace-output";
import { traceScript } from "./trace-script";

/** A running program in a namespace with open streams, as returned by `Engine.open`. */
export interface TraceProcess {
  write(chunk: string): Promise<void>;
  /** Closes its stdin. */
  end(): void;
  readonly exit: Promise<number>;
  destroy(): void;
}

/** A network namespace that can be traced. It always belongs to a container of a lab. */
export interface Traceable {
  readonly place: string;
  /** Names of the links whose frames are reported. Default: none. */
  readonly links?: readonly string[];
  /** Starts a program as root in this network namespace. bash and nft must be available. */
  open(
    argv: readonly string[],
    sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void },
  ): Promise<TraceProcess>;
}

/** A running trace of one network namespace. */
export class LiveTrace {
  readonly place: string;
  readonly #process: TraceProcess;
  readonly #events: TraceEvent[] = [];
  readonly #state: TraceOutput;

  private constructor(place: string, process: TraceProcess, events: TraceEvent[], state: TraceOutput) {
    this.place = place;
    this.#process = process;
    this.#events = events;
    this.#state = state;
  }

  /**
   * Starts tracing `flows`. Resolves when the monitor receives events, so that it misses no packet sent after that.
   *
   * Shell: `nft -f TABLE; nft -a monitor trace`.
   *
   * @param timeoutMs - milliseconds. Default 10,000.
   * @throws LabError `TIMED_OUT` if the monitor does not start, `COMMAND_FAILED` with nft's message if it fails.
   */
  static async start(namespace: Traceable, flows: readonly Flow[], timeoutMs = 10_000): Promise<LiveTrace> {
    const name = `${OWN_TABLE}-${randomBytes(4).toString("hex")}`;
    const events: TraceEvent[] = [];
    const tables = ownTables(name, flows, namespace.links ?? []);
    const state = new TraceOutput(namespace.place, name, tables, events);
    const process = await namespace.open(
      ["bash", "-c", traceScript, "bash", name, ...tables.map(({ text }) => text)],
      {
        stdout: (chunk) => state.push(chunk.toString("utf8")),
        stderr: (chunk) => {
          state.complaints += chunk.toString("utf8");
        },
      },
    );
    const trace = new LiveTrace(namespace.place, process, events, state);
    process.exit.then(
      (code) => state.ended(code),
      () => state.ended(-1),
    );
    try {
      await state.until(() => state.ready, timeoutMs, "nft monitor did not start");
      return trace;
    } catch (error) {
      await trace.stop();
      throw error;
    }
  }

  /** Returns the packets that have been reported so far. */
  observed(): PlaceTrace {
    const { loaded, sightings } = this.#state;
    return { place: this.place, packets: groupPackets(this.#events, loaded), loaded, sightings };
  }

  /** Output of the monitor that is not an event, including error messages. Normally empty. */
  get unread(): readonly string[] {
    return this.#state.unread;
  }

  /** The namespace's rules at the start of the trace. */
  get loaded(): LoadedRules {
    return this.#state.loaded;
  }

  /** Returns the events that have been read and removes them, for a trace of many packets. */
  take(): TraceEvent[] {
    this.#state.forget();
    return this.#events.splice(0);
  }

  /** Number of events and sightings that have been read so far. */
  get count(): number {
    return this.#events.length + this.#state.sightings.all.length;
  }

  /**
   * Resolves when all events that the kernel reported before this call have been read. Sends a sentinel packet, whose
   * event passes the same queue after all others.
   */
  async flush(timeoutMs = 10_000): Promise<void> {
    const token = this.#state.nextToken();
    await this.#process.write(`${token}\n`);
    await this.#state.until(
      () => this.#state.seen >= token,
      timeoutMs,
      "the last event of the trace did not arrive",
    );
  }

  /**
   * Stops the monitor and removes our tables. Gives up after five seconds if the namespace does not respond; the script
   * then removes the tables when it reads the end of its stdin.
   */
  async stop(): Promise<void> {
    this.#process.end();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 5_000);
    });
    await Promise.race([this.#process.exit.catch(() => -1), late]);
    clearTimeout(timer);
    this.#process.destroy();
  }
}
