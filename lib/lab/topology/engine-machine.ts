import { LabError } from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import type { Session } from "../runtime/session";

/** The engine's machine. Labs read its network namespace, but never write to it and never run commands in it. */
export class EngineMachine {
  readonly name = "host";
  readonly kind = "host";
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Returns the state of the machine's network namespace. */
  async snapshot(): Promise<Snapshot> {
    this.#session.check(this.name);
    return inspectNamespace(this.#session.hostShell, this.name);
  }

  /** Always throws: labs don't run commands on the machine. @throws LabError `NOT_SUPPORTED`. */
  exec(): Promise<never> {
    return Promise.reject(
      new LabError("NOT_SUPPORTED", {
        where: this.name,
        found: "labs only read the machine's network namespace, and never run commands in it",
        advice: "Read it with lab.host.snapshot(), or use a terminal.",
      }),
    );
  }
}
