import { randomUUID } from "node:crypto";
import * as zmq from "zeromq";
import { log } from "../debug-log";
import type { Connection } from "./connection";
import { type Content, decodeMessage, encodeMessage, type Header, type Message, makeHeader } from "./message";
import { Signer } from "./signature";

/** The channels on which requests arrive. */
export type RequestChannel = "shell" | "control";

/** Sends messages one after the other. zeromq.js drops a message when an earlier `send` is still pending. */
class Outbox {
  readonly #socket: zmq.Publisher | zmq.Router | zmq.Reply;
  #last: Promise<void> = Promise.resolve();

  constructor(socket: zmq.Publisher | zmq.Router | zmq.Reply) {
    this.#socket = socket;
  }

  send(frames: Uint8Array[]): void {
    this.#last = this.#last
      .then(() => this.#socket.send(frames))
      .catch((error: unknown) => {
        if (!this.#socket.closed) console.error("wirebook-kernel: a message could not be sent:", error);
      });
  }

  flushed(): Promise<void> {
    return this.#last;
  }
}

/** The kernel's five sockets. */
export class Sockets {
  readonly session = randomUUID();
  readonly #connection: Connection;
  readonly #signer: Signer;
  readonly #shell = new zmq.Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 1_000 });
  readonly #control = new zmq.Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 1_000 });
  readonly #stdin = new zmq.Router({ sendHighWaterMark: 0, linger: 0 });
  readonly #iopub = new zmq.Publisher({ sendHighWaterMark: 0, linger: 1_000 });
  readonly #hb = new zmq.Reply({ linger: 0 });
  /** When each request was received, for the debug log. */
  readonly #receivedMs = new WeakMap<Message, number>();
  readonly #requests = { shell: this.#shell, control: this.#control };
  readonly #outboxes = {
    shell: new Outbox(this.#shell),
    control: new Outbox(this.#control),
    iopub: new Outbox(this.#iopub),
  };

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#signer = new Signer(connection.key, connection.hash);
  }

  /** Binds all sockets and starts to answer heartbeats. */
  async bind(): Promise<void> {
    const { address } = this.#connection;
    await Promise.all([
      this.#shell.bind(address.shell),
      this.#control.bind(address.control),
      this.#stdin.bind(address.stdin),
      this.#iopub.bind(address.iopub),
      this.#hb.bind(address.hb),
    ]);
    void this.#answerHeartbeats();
  }

  /** Passes each correctly signed request of a channel to `handle`, until the sockets are closed. */
  async listen(channel: RequestChannel, handle: (message: Message) => void): Promise<void> {
    for await (const frames of this.#requests[channel]) {
      const message = decodeMessage(frames, this.#signer);
      if (message) {
        this.#receivedMs.set(message, performance.now());
        log(`${channel} received ${message.header.msg_type} ${message.header.msg_id}`);
        handle(message);
      } else
        console.error(
          `wirebook-kernel: refused a message on ${channel}: its signature is not valid, or it is a replay`,
        );
    }
  }

  /** Whether requests that have arrived on a channel were not read yet. */
  hasRequests(channel: RequestChannel): boolean {
    return this.#requests[channel].readable;
  }

  reply(channel: RequestChannel, request: Message, content: Content): void {
    const type = request.header.msg_type.replace(/_request$/, "_reply");
    const header = makeHeader(type, this.session, request.header.username);
    const { identities, header: parent } = request;
    const durationMs = performance.now() - (this.#receivedMs.get(request) ?? performance.now());
    log(
      `${channel} sent ${type} ${content["status"]} to ${parent.msg_id}, ${durationMs.toFixed(1)} ms after the request`,
    );
    this.#outboxes[channel].send(
      encodeMessage({ identities, header, parent, metadata: {}, content }, this.#signer),
    );
  }

  publish(type: string, parent: Header | undefined, content: Content): void {
    const header = makeHeader(type, this.session, parent?.username);
    const identities = [Buffer.from(`kernel.${this.session}.${type}`)];
    const message = { identities, header, parent: parent ?? {}, metadata: {}, content };
    log(
      `iopub sent ${type}${type === "status" ? ` ${content["execution_state"]}` : ""} for ${parent?.msg_id ?? "no request"}`,
    );
    this.#outboxes.iopub.send(encodeMessage(message, this.#signer));
  }

  /** Waits until ZeroMQ has taken all messages, then closes. ZeroMQ keeps delivering for at most a second. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#outboxes).map((outbox) => outbox.flushed()));
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub, this.#hb]) socket.close();
  }

  async #answerHeartbeats(): Promise<void> {
    for await (const frames of this.#hb) await this.#hb.send(frames);
  }
}
