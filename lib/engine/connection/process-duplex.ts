import { Duplex } from "node:stream";

/**
 * A stream that carries HTTP to an engine: an http.Agent also calls the methods that only a socket has. Those that set
 * what no pipe has do nothing.
 */
export abstract class ProcessDuplex extends Duplex {
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.hold("ref");
    return this;
  }

  unref(): this {
    this.hold("unref");
    return this;
  }

  /** Whether what carries the bytes keeps this process from ending. */
  protected abstract hold(how: "ref" | "unref"): void;
}
