import { LabError } from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import type { Session } from "../runtime/session";

/** The engine's own machine. Its network namespace is read, and never written to: it runs no commands. */
export class Host {
  readonly name = "host";
  readonly kind = "host";
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Everything the machine's own network namespace shows. */
  async snapshot(): Promise<Snapshot> {
    this.#session.check(this.name);
    return inspectNamespace(this.#session.hostShell, this.name);
  }

  /** Refused: labs do not run commands on the machine. */
  exec(): Promise<never> {
    return Promise.reject(
      new LabError("NOT_SUPPORTED", {
        where: this.name,
        found: "labs only read the machine's own namespace, and run nothing in it",
        advice: "Look at it with lab.host.snapshot(), or use a terminal.",
      }),
    );
  }
}
