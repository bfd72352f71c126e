import { type EngineEvent, label, type Subscription } from "../../engine";
import type { LabContext } from "../context/lab-context";

/** Maximum number of stored events of unknown containers: a pod's first events arrive before the pod is registered. */
const MAX_EARLY_EVENTS = 200;

/** The start and end events of a lab's containers, from all of its engines. */
export class ContainerEvents {
  readonly #context: LabContext;
  readonly #handle: (event: EngineEvent) => boolean;
  readonly #early: EngineEvent[] = [];
  #subscriptions: Promise<readonly Subscription[]> | undefined;
  #closed = false;

  /** @param handle - returns false if it does not know the container yet. The event is then kept for {@link retry}. */
  constructor(context: LabContext, handle: (event: EngineEvent) => boolean) {
    this.#context = context;
    this.#handle = handle;
  }

  /** Subscribes to the events. Resolves when no later event is missed. Further calls do nothing. */
  async subscribe(): Promise<void> {
    const { opening, runtimes } = this.#context;
    this.#subscriptions ??= Promise.all(
      runtimes.map(({ engine }) =>
        engine.events({ [label.opening]: opening }, (event) => this.#onEvent(event)),
      ),
    );
    await this.#subscriptions;
  }

  /** Handles the kept events again, after a pod or node was registered. */
  retry(): void {
    for (const event of this.#early.splice(0)) this.#onEvent(event);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const each of (await this.#subscriptions?.catch(() => undefined)) ?? []) each.close();
  }

  #onEvent(event: EngineEvent): void {
    if (this.#closed || event.type !== "container" || !["die", "start"].includes(event.action)) return;
    if (this.#handle(event)) return;
    this.#early.push(event);
    if (this.#early.length > MAX_EARLY_EVENTS) this.#early.shift();
  }
}
