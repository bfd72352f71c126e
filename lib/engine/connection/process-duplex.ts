import { Duplex } from "node:stream";

/**
 * A stream over the pipes of a process, on which an http.Agent can send requests. The agent calls methods that only
 * net.Socket has; the ones that set TCP options do nothing here.
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
    this.setRef("ref");
    return this;
  }

  unref(): this {
    this.setRef("unref");
    return this;
  }

  /** Sets whether the underlying process keeps the Node.js event loop alive. */
  protected abstract setRef(how: "ref" | "unref"): void;
}
