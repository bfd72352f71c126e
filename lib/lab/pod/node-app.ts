import { LabError } from "../../engine";
import type { PlaceParts } from "../place/place";
import { PodApp } from "./pod-app";
import type { RestartPolicy } from "./spec/node-pod-spec";

/** Delay before the second restart of an app. Like kubelet's, it doubles with each restart. */
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** Time within which an app must end after a signal. */
const KILL_TIMEOUT_MS = 5_000;

/**
 * An app container of a pod on a node. It shares the network namespace of the pod's pause container. When it ends, the
 * node restarts it according to the pod's restart policy.
 * Public as `App<"node">`.
 */
export class NodeApp extends PodApp {
  readonly #settled: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  #running = true;
  #restarts = 0;
  #backoffs = 0;
  #exitCode: number | undefined;
  #startedAt = Date.now();

  /** @param settled - resolves when the rules of all nodes match the current state of the app. */
  constructor(parts: PlaceParts, settled: () => Promise<void>) {
    super(parts);
    this.#settled = settled;
  }

  /** True while its container runs. */
  get running(): boolean {
    return this.#running;
  }

  /** Number of restarts. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The exit code of its last end; undefined if it has never ended or the code is unknown. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /**
   * Sends a signal to the app, and waits until it has ended and the rules of all nodes are updated. The pod keeps its
   * address. With the restart policy `always` or `on-failure` the node starts the app again.
   *
   * Shell: `docker kill -s SIGNAL CONTAINER`.
   *
   * @param signal - default: `KILL`.
   * @throws LabError `NOT_RUNNING` if it has already ended, `TIMED_OUT` if it doesn't end within 5 s.
   */
  override async kill(signal = "KILL"): Promise<void> {
    if (!this.#running) {
      throw new LabError("NOT_RUNNING", {
        where: this.name,
        found: `the app is not running: it ended with exit code ${this.#exitCode ?? "unknown"}`,
        advice: "Start it with .start(), or wait if the pod's restart policy restarts it.",
      });
    }
    const ended = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), KILL_TIMEOUT_MS);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    await super.kill(signal);
    if (!(await ended)) {
      throw new LabError("TIMED_OUT", {
        where: this.name,
        found: `the app did not end within ${KILL_TIMEOUT_MS} ms after signal ${signal}`,
        advice: "Process 1 ignores signals for which it has no handler. KILL ends every app.",
      });
    }
    await this.#settled();
  }

  /** Records that its container ended. */
  noteEnd(exitCode: number | undefined): void {
    this.#running = false;
    this.#exitCode = exitCode;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Records that its container was started again. */
  noteStart(): void {
    if (this.#running) return;
    this.#running = true;
    this.#restarts += 1;
    this.#startedAt = Date.now();
  }

  /** Returns the delay before the next restart, in milliseconds; undefined if it is not restarted. */
  backoffMs(policy: RestartPolicy): number | undefined {
    if (policy === "no" || (policy === "on-failure" && this.#exitCode === 0)) return undefined;
    if (Date.now() - this.#startedAt > MAX_BACKOFF_MS) this.#backoffs = 0;
    const delayMs = this.#backoffs === 0 ? 0 : FIRST_BACKOFF_MS * 2 ** (this.#backoffs - 1);
    this.#backoffs += 1;
    return Math.min(MAX_BACKOFF_MS, delayMs);
  }
}
