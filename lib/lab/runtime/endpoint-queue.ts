import type { Engine } from "../../engine";

/**
 * The way onto one network and off it, for one container at a time. Docker counts the endpoints of a network, and two
 * that come at the same moment may be counted as three: the count that is being raised is read, raised again and written
 * down by the other (libnetwork's endpoint_cnt.go, up to Docker 28: what its store keeps in memory is the object that is
 * being changed). Of two that go, one may be counted on in the same way. Such a network cannot be removed until the engine
 * is started anew.
 *
 * The engine tells of an endpoint that it has counted long before its container runs. Then the next one may come: what
 * a start costs, most of it the making of namespaces and processes, goes on side by side.
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
    const left = (container: string): void => this.#onAttached.get(container)?.();
    this.#watched = engine.networks.joins(network, left).then(
      (subscription) => subscription.close,
      // Without the engine's word each one waits until the one before it runs.
      () => () => undefined,
    );
  }

  /** Starts a container when its turn has come. */
  async attach(container: string, start: () => Promise<void>): Promise<void> {
    const before = this.#last;
    const after = new Promise<void>((resolve) => {
      this.#onAttached.set(container, resolve);
    });
    this.#last = after;
    await this.#watched;
    await before;
    try {
      await start();
    } finally {
      this.#onAttached.get(container)?.();
      this.#onAttached.delete(container);
    }
  }

  /** Takes a container off the network when its turn has come; one that does not run is on none. */
  async detach(container: string): Promise<void> {
    const { networks } = this.#engine;
    const gone = this.#last.then(() => networks.disconnect(this.#network, container).catch(() => undefined));
    this.#last = gone;
    await gone;
  }

  async close(): Promise<void> {
    const stop = await this.#watched;
    stop();
  }
}
