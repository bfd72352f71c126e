import type { Engine } from "../../engine";

/**
 * Connects containers to one network, and disconnects them, one at a time. Docker up to version 28 counts the endpoints
 * of a network, and the count can become wrong if two endpoints are created or deleted at the same time: its store
 * returns the same object to both, and both change it (libnetwork, endpoint_cnt.go). A network with a wrong count cannot
 * be removed until the engine restarts.
 *
 * The engine reports a "connect" event as soon as it has counted an endpoint, long before the container runs. The next
 * container can start then, so the slow part of a start (creating namespaces and processes) still runs in parallel.
 */
export class EndpointQueue {
  readonly #engine: Engine;
  readonly #network: string;
  readonly #onAttached = new Map<string, () => void>();
  readonly #watched: Promise<() => void>;
  #last: Promise<void> = Promise.resolve();

  /** @param network - the network's id on the engine. */
  constructor(engine: Engine, network: string) {
    this.#engine = engine;
    this.#network = network;
    const onAttached = (container: string): void => this.#onAttached.get(container)?.();
    this.#watched = engine.networks.joins(network, onAttached).then(
      (subscription) => subscription.close,
      // If events are not available, each container waits until the previous one runs.
      () => () => undefined,
    );
  }

  /** Waits until the previous container is attached, then calls `start`. */
  async attach(container: string, start: () => Promise<void>): Promise<void> {
    const previous = this.#last;
    const attached = new Promise<void>((resolve) => {
      this.#onAttached.set(container, resolve);
    });
    this.#last = attached;
    await this.#watched;
    await previous;
    try {
      await start();
    } finally {
      this.#onAttached.get(container)?.();
      this.#onAttached.delete(container);
    }
  }

  /** Waits for the previous operation, then disconnects a container. Ignores errors: a stopped container has no endpoint. */
  async detach(container: string): Promise<void> {
    const { networks } = this.#engine;
    const detached = this.#last.then(() =>
      networks.disconnect(this.#network, container).catch(() => undefined),
    );
    this.#last = detached;
    await detached;
  }

  async close(): Promise<void> {
    const stopWatching = await this.#watched;
    stopWatching();
  }
}
