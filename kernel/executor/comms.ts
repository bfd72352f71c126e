import { AsyncResource } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { CommMessage } from "../link/comm-message";
import type { OrderedWriter } from "../link/output-order";
import { currentRun } from "./cell-run";

type Data = Readonly<Record<string, unknown>>;

/** What a comm message can carry beside its data. */
export interface CommExtras {
  readonly metadata?: Data;
  readonly buffers?: readonly Uint8Array[];
}

/** A message from the front end. */
export interface Received {
  readonly data: Data;
  readonly metadata: Data;
  readonly buffers: readonly Uint8Array[];
}

export type CommListener = (message: Received) => void;

type Send = (message: Omit<CommMessage, "metadata" | "buffers"> & CommExtras) => void;

/** A connection between an object in a cell and its counterpart in the front ends. */
export class Comm {
  readonly id: string;
  readonly target: string;
  readonly #send: Send;
  readonly #messageListeners = new Set<CommListener>();
  readonly #closeListeners = new Set<CommListener>();

  constructor(id: string, target: string, send: Send) {
    this.id = id;
    this.target = target;
    this.#send = send;
  }

  send(data: Data, extras: CommExtras = {}): void {
    this.#send({ action: "msg", id: this.id, target: this.target, data, ...extras });
  }

  close(data: Data = {}, extras: CommExtras = {}): void {
    this.#send({ action: "close", id: this.id, target: this.target, data, ...extras });
  }

  /** Calls the listener for each message of a front end. What it prints belongs to the cell that adds it. */
  onMessage(listener: CommListener): () => void {
    const bound = AsyncResource.bind(listener);
    this.#messageListeners.add(bound);
    return () => this.#messageListeners.delete(bound);
  }

  /** Calls the listener when a front end closes the comm. */
  onClose(listener: CommListener): () => void {
    const bound = AsyncResource.bind(listener);
    this.#closeListeners.add(bound);
    return () => this.#closeListeners.delete(bound);
  }

  /** Passes a message of a front end to the listeners. */
  receive({ action, ...message }: CommMessage): void {
    const listeners = action === "close" ? this.#closeListeners : this.#messageListeners;
    for (const listener of listeners) listener(message);
  }
}

/** The comms of this executor. */
export class Comms {
  readonly #output: OrderedWriter;
  readonly #open = new Map<string, Comm>();
  readonly #targets = new Map<string, (comm: Comm, message: Received) => void>();

  constructor(output: OrderedWriter) {
    this.#output = output;
  }

  /**
   * Opens a comm to the front ends that know the target.
   *
   * @param options.id - the comm's identifier; default: a random one.
   */
  readonly open = (target: string, options: CommExtras & { data?: Data; id?: string } = {}): Comm => {
    const { data = {}, id = randomUUID(), ...extras } = options;
    const comm = this.#add(id, target);
    this.#send({ action: "open", id, target, data, ...extras });
    return comm;
  };

  /** Lets front ends open comms to a target. */
  readonly register = (target: string, onOpen: (comm: Comm, message: Received) => void): void => {
    this.#targets.set(target, AsyncResource.bind(onOpen));
  };

  /** Handles a message of a front end. Closes a comm that nothing here knows. */
  receive(message: CommMessage): void {
    const { action, id, target } = message;
    const known = this.#open.get(id);
    if (action === "close") this.#open.delete(id);
    if (known) known.receive(message);
    else if (action === "open" && this.#targets.has(target))
      this.#targets.get(target)?.(this.#add(id, target), message);
    else if (action !== "close") this.#send({ action: "close", id, target, data: {} });
  }

  #add(id: string, target: string): Comm {
    const comm = new Comm(id, target, (message) => this.#send(message));
    this.#open.set(id, comm);
    return comm;
  }

  #send: Send = ({ metadata = {}, buffers = [], ...message }) => {
    if (message.action === "close") this.#open.delete(message.id);
    // As JSON, because front ends receive JSON: a class becomes what its `toJSON` returns.
    const data: unknown = JSON.parse(JSON.stringify(message.data));
    this.#output.frame(currentRun()?.id ?? 0, {
      kind: "comm",
      message: { ...message, data, metadata, buffers },
    });
  };
}
