import { setTimeout as pause } from "node:timers/promises";
import { LabError, type ShellAnswer } from "../../engine";
import type { NetnsHandle } from "../place/netns-handle";

/** Time within which the kernel must remove the veth pair of a namespace that ended, and the polling interval. */
const UNLINK_TIMEOUT_MS = 20_000;
const UNLINK_POLL_MS = 10;

/** Runs commands in the network namespace of a node, until the node's container ends. */
export class NodeShell {
  readonly #node: string;
  readonly #enter: () => Promise<NetnsHandle>;
  #open = true;

  /** @param node - name of the node, for errors. */
  constructor(node: string, enter: () => Promise<NetnsHandle>) {
    this.#node = node;
    this.#enter = enter;
  }

  /** False after {@link close}. */
  get open(): boolean {
    return this.#open;
  }

  /** Called when the node's container ended. Further commands throw `NODE_DOWN`. */
  close(): void {
    this.#open = false;
  }

  /**
   * Runs a script and returns its output, whatever its exit code is.
   *
   * @throws LabError `NODE_DOWN`.
   */
  async ask(script: string): Promise<ShellAnswer> {
    this.checkAlive();
    try {
      return await (await this.#enter()).shell.run(script);
    } catch (error) {
      if (error instanceof LabError && error.code === "CONTAINER_GONE") throw this.#down(error);
      throw error;
    }
  }

  /**
   * Runs a script and returns its stdout.
   *
   * @throws LabError `COMMAND_FAILED` if the exit code is not 0; `NODE_DOWN`.
   */
  async must(script: string): Promise<string> {
    const answer = await this.ask(script);
    if (answer.exitCode !== 0) throw networkError(this.#node, answer, script);
    return answer.stdout;
  }

  /**
   * Resolves when the node has no link with this name any more, or when the node ended.
   *
   * @throws LabError `TIMED_OUT`.
   */
  async untilUnlinked(link: string): Promise<void> {
    const end = performance.now() + UNLINK_TIMEOUT_MS;
    while (this.#open && (await this.ask(`ip link show dev ${link}`)).exitCode === 0) {
      if (performance.now() > end) {
        throw new LabError("TIMED_OUT", {
          where: this.#node,
          found: `${link} still exists ${UNLINK_TIMEOUT_MS} ms after its pod ended`,
          advice: "A process of the pod may still hold its network namespace: docker ps.",
        });
      }
      await pause(UNLINK_POLL_MS);
    }
  }

  /** @throws LabError `NODE_DOWN` if the node's container ended. */
  checkAlive(): void {
    if (!this.#open) throw this.#down();
  }

  #down(cause?: unknown): LabError {
    return new LabError("NODE_DOWN", {
      where: this.#node,
      found: "the node is down: its container has ended",
      advice: `Run the pod on another node, or start a new one: lab.node("${this.#node}-b").`,
      cause,
    });
  }
}

/** Returns the error for a script that should have set up a part of the network. */
export function networkError(where: string, answer: ShellAnswer, script: string): LabError {
  const output = (answer.stderr.trim() || answer.stdout.trim()).replace(/\s*\n\s*/g, " ");
  return new LabError("COMMAND_FAILED", {
    where,
    found: `the network could not be set up: ${output || `exit code ${answer.exitCode}`}`,
    advice: "The error's cause contains the commands that ran.",
    cause: new Error(script),
  });
}
