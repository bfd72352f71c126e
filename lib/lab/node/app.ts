import { LabError } from "../../engine";
import { App } from "../docker/pod";
import type { PlaceParts } from "../place/place";
import type { RestartPolicy } from "./pod-spec";

/** First pause before an app that keeps ending is started again, in ms; it doubles each time, as kubelet's does. */
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
/** How long an app may take to end by a signal, in ms. */
const LONGEST_END_MS = 5_000;

/** One app of a pod on a node. When it ends, the node starts it again if the pod's restart policy says so. */
export class NodeApp extends App {
  readonly #settled: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  #running = true;
  #restarts = 0;
  #backoffs = 0;
  #exitCode: number | undefined;
  #startedAt = Date.now();

  /** @param settled - resolves when all that follows from the app's end has been done. */
  constructor(parts: PlaceParts, settled: () => Promise<void>) {
    super(parts);
    this.#settled = settled;
  }

  get running(): boolean {
    return this.#running;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** What it ended with last; undefined while it has not. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /**
   * Ends the app with a signal, and returns when every rule that depends on it has followed. The pod's address stays.
   * With restart policy `always` or `on-failure` it comes back by itself.
   *
   * Shell: `docker kill -s SIGNAL CONTAINER`.
   *
   * @throws LabError `NOT_RUNNING` when it has ended already, `TIMED_OUT` when it does not end by the signal.
   */
  override async kill(signal = "KILL"): Promise<void> {
    if (!this.#running) {
      throw new LabError("NOT_RUNNING", {
        where: this.name,
        found: `the app does not run: it ended with ${this.#exitCode ?? "an unknown code"}`,
        advice: "Wait until it is started again, or start it with .start().",
      });
    }
    const ended = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), LONGEST_END_MS);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    await super.kill(signal);
    if (!(await ended)) {
      throw new LabError("TIMED_OUT", {
        where: this.name,
        found: `the app did not end within ${LONGEST_END_MS} ms of signal ${signal}`,
        advice: "It may ignore the signal: process 1 hears only those it asked for. KILL ends every app.",
      });
    }
    await this.#settled();
  }

  /** Takes note that it ended. */
  noteEnd(exitCode: number | undefined): void {
    this.#running = false;
    this.#exitCode = exitCode;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Takes note that it was started again. */
  noteStart(): void {
    if (this.#running) return;
    this.#running = true;
    this.#restarts += 1;
    this.#startedAt = Date.now();
  }

  /** Milliseconds to wait before it is started again; undefined when it is not to be. */
  backoff(policy: RestartPolicy): number | undefined {
    if (policy === "no" || (policy === "on-failure" && this.#exitCode === 0)) return undefined;
    if (Date.now() - this.#startedAt > LONGEST_BACKOFF_MS) this.#backoffs = 0;
    const wait = this.#backoffs === 0 ? 0 : FIRST_BACKOFF_MS * 2 ** (this.#backoffs - 1);
    this.#backoffs += 1;
    return Math.min(LONGEST_BACKOFF_MS, wait);
  }
}
