import { randomUUID } from "node:crypto";
import * as zmq from "zeromq";
import { log } from "../debug-log";
import type { Connection } from "./connection";
import { type Content, decodeMessage, encodeMessage, type Header, type Message, makeHeader } from "./message";
import { RefusedMessages } from "./refused-messages";
import { Signer } from "./signature";

/** The channels on which messages of clients arrive. */
export type IncomingChannel = "shell" | "control" | "stdin";

/** The channels on which requests arrive. */
export type RequestChannel = "shell" | "control";

/** ZeroMQ disconnects a client that sends a longer message, before it is in memory. */
const MAX_MESSAGE_BYTES = 64 * 2 ** 20;
/** How long ZeroMQ keeps delivering after a socket was closed. */
const LINGER_MS = 1_000;
/** The first byte of a subscription on a publisher's socket. */
const SUBSCRIBE = 1;
/** No client subscribes to a longer topic. */
const MAX_TOPIC_BYTES = 1_024;

const ROUTER = {
  sendHighWaterMark: 0,
  maxMessageSize: MAX_MESSAGE_BYTES,
  linger: LINGER_MS,
  // A client that reconnects, or a second client with the same identity, takes over the routing address.
  handover: true,
} as const;

/** Sends messages one after the other. zeromq.js drops a message when an earlier `send` is still pending. */
class Outbox {
  readonly #socket: zmq.XPublisher | zmq.Router;
  #last: Promise<void> = Promise.resolve();

  constructor(socket: zmq.XPublisher | zmq.Router) {
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
  readonly #shell = new zmq.Router({ ...ROUTER, receiveHighWaterMark: 0 });
  readonly #control = new zmq.Router({ ...ROUTER, receiveHighWaterMark: 0 });
  readonly #stdin = new zmq.Router(ROUTER);
  readonly #hb = new zmq.Router({ ...ROUTER, linger: 0 });
  readonly #iopub = new zmq.XPublisher({
    sendHighWaterMark: 0,
    maxMessageSize: MAX_MESSAGE_BYTES,
    linger: LINGER_MS,
  });
  readonly #incoming = { shell: this.#shell, control: this.#control, stdin: this.#stdin };
  readonly #outboxes = {
    shell: new Outbox(this.#shell),
    control: new Outbox(this.#control),
    stdin: new Outbox(this.#stdin),
    iopub: new Outbox(this.#iopub),
    hb: new Outbox(this.#hb),
  };
  readonly #refused = new RefusedMessages();
  /** When each request was received, for the debug log. */
  readonly #receivedMs = new WeakMap<Message, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#signer = new Signer(connection.key, connection.hash);
    // Reports every subscription, also one for a topic that another client has subscribed to.
    this.#iopub.verbosity = "allSubs";
  }

  /** Binds all sockets and starts to answer heartbeats and subscriptions. */
  async bind(): Promise<void> {
    const { address } = this.#connection;
    await Promise.all([
      this.#shell.bind(address.shell),
      this.#control.bind(address.control),
      this.#stdin.bind(address.stdin),
      this.#iopub.bind(address.iopub),
      this.#hb.bind(address.hb),
    ]);
    // A router, unlike a ZeroMQ REP socket, also returns frames that do not follow the REQ protocol.
    void receive(this.#hb, (frames) => this.#outboxes.hb.send(frames));
    void receive(this.#iopub, ([frame]) => this.#onSubscription(frame));
  }

  /** Passes each correctly signed message of a channel to `handle`, until the sockets are closed. */
  async listen(channel: IncomingChannel, handle: (message: Message) => void): Promise<void> {
    await receive(this.#incoming[channel], (frames) => {
      const message = decodeMessage(frames, this.#signer);
      if (!message) {
        this.#refused.add(channel);
        return;
      }
      this.#receivedMs.set(message, performance.now());
      log(`${channel} received ${message.header.msg_type} ${message.header.msg_id}`);
      handle(message);
    });
  }

  /** Whether requests that have arrived on a channel were not read yet. */
  hasRequests(channel: RequestChannel): boolean {
    return this.#incoming[channel].readable;
  }

  reply(channel: RequestChannel, request: Message, content: Content, metadata: Content = {}): void {
    const type = request.header.msg_type.replace(/_request$/, "_reply");
    const durationMs = performance.now() - (this.#receivedMs.get(request) ?? performance.now());
    log(
      `${channel} sent ${type} ${content["status"]} to ${request.header.msg_id}, ${durationMs.toFixed(1)} ms after the request`,
    );
    this.#send(channel, type, request, content, metadata);
  }

  /** Sends a request on the stdin channel to the client that sent `request`. */
  requestInput(request: Message, content: Content): void {
    log(`stdin sent input_request for ${request.header.msg_id}`);
    this.#send("stdin", "input_request", request, content);
  }

  publish(
    type: string,
    parent: Header | undefined,
    content: Content,
    metadata: Content = {},
    buffers: readonly Uint8Array[] = [],
  ): void {
    const header = makeHeader(type, this.session, parent?.username);
    const identities = [Buffer.from(`kernel.${this.session}.${type}`)];
    const message = { identities, header, parent: parent ?? {}, metadata, content, buffers };
    log(
      `iopub sent ${type}${type === "status" ? ` ${content["execution_state"]}` : ""} for ${parent?.msg_id ?? "no request"}`,
    );
    this.#outboxes.iopub.send(encodeMessage(message, this.#signer));
  }

  /** Waits until ZeroMQ has taken all messages, then closes. ZeroMQ keeps delivering for at most a second. */
  async close(): Promise<void> {
    this.#refused.flush();
    await Promise.all(Object.values(this.#outboxes).map((outbox) => outbox.flushed()));
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub, this.#hb]) socket.close();
  }

  #send(
    channel: IncomingChannel,
    type: string,
    request: Message,
    content: Content,
    metadata: Content = {},
  ): void {
    const header = makeHeader(type, this.session, request.header.username);
    const { identities, header: parent } = request;
    this.#outboxes[channel].send(
      encodeMessage({ identities, header, parent, metadata, content }, this.#signer),
    );
  }

  /** Welcomes a subscriber, so that it knows when its subscription works. */
  #onSubscription(frame: Uint8Array | undefined): void {
    if (frame?.[0] !== SUBSCRIBE || frame.length > MAX_TOPIC_BYTES) return;
    const topic = frame.subarray(1);
    const header = makeHeader("iopub_welcome", this.session);
    const content = { subscription: Buffer.from(topic).toString() };
    log(`iopub sent iopub_welcome for "${content.subscription}"`);
    this.#outboxes.iopub.send(
      encodeMessage({ identities: [topic], header, parent: {}, metadata: {}, content }, this.#signer),
    );
  }
}

/** Passes each message of a socket to `handle`, until the socket is closed. */
async function receive(
  socket: zmq.Router | zmq.XPublisher,
  handle: (frames: Uint8Array[]) => void,
): Promise<void> {
  while (!socket.closed) {
    try {
      for await (const frames of socket) handle(frames);
    } catch (error) {
      if (!socket.closed) console.error("wirebook-kernel: a message could not be received:", error);
    }
  }
}
