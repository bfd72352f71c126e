import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import * as zmq from "zeromq";
import type { Channel } from "../wire/connection";
import { type Content, decodeMessage, encodeMessage, type Message, makeHeader } from "../wire/message";
import { Signer } from "../wire/signature";
import { type KernelProcess, startKernel } from "./kernel-process";
import { isIdle } from "./shown";

export { shown } from "./shown";

/** The reply to a request, and its messages on iopub. */
export interface Outcome {
  readonly reply: Content;
  /** All iopub messages whose parent is the request. */
  readonly messages: readonly Message[];
}

/** Rejects when the promise does not settle in time. The error names what was missing. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not arrive within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** How long to wait for a message. It is long, because test machines may be busy. */
const REPLY_TIMEOUT_MS = 120_000;

/** A minimal front end: five sockets and signed messages. */
export class Client {
  readonly session = randomUUID();
  readonly received: Message[] = [];
  /** The server's own stderr. */
  log = "";
  readonly signer: Signer;
  readonly #readers = new Signer("");
  /** The same on shell and stdin, so that the kernel can route its requests for input. */
  readonly #identity = randomUUID();
  readonly #shell = new zmq.Dealer({
    routingId: this.#identity,
    linger: 0,
    receiveHighWaterMark: 0,
    sendHighWaterMark: 0,
  });
  readonly #control = new zmq.Dealer({ linger: 0 });
  readonly #iopub = new zmq.Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  readonly #hb = new zmq.Request({ linger: 0 });
  readonly #stdin = new zmq.Dealer({ routingId: this.#identity, linger: 0 });
  readonly #requests = { shell: this.#shell, control: this.#control };
  readonly #replies = new Map<string, (message: Message) => void>();
  #watchers: (() => void)[] = [];

  readonly #kernel: KernelProcess;

  private constructor(kernel: KernelProcess) {
    this.#kernel = kernel;
    this.signer = new Signer(kernel.key);
    this.server.stderr?.on("data", (chunk: Buffer) => {
      this.log += chunk.toString();
    });
  }

  get server(): ChildProcess {
    return this.#kernel.process;
  }

  /** Starts a kernel in a folder (default: a new, empty one) and waits until it answers. */
  static async start(cwd?: string, env: NodeJS.ProcessEnv = {}): Promise<Client> {
    return Client.connect(startKernel(cwd, env));
  }

  /** Waits until a kernel answers. */
  static async connect(kernel: KernelProcess): Promise<Client> {
    const client = new Client(kernel);
    client.#shell.connect(client.address("shell"));
    client.#control.connect(client.address("control"));
    client.#iopub.connect(client.address("iopub"));
    client.#hb.connect(client.address("hb"));
    client.#stdin.connect(client.address("stdin"));
    client.#iopub.subscribe();
    void client.#read(client.#shell);
    void client.#read(client.#control);
    void client.#listen();
    await within(REPLY_TIMEOUT_MS, "the first answer of the kernel", client.#ready());
    return client;
  }

  /** The ZeroMQ address of a channel. */
  address(channel: Channel): string {
    return this.#kernel.address(channel);
  }

  /** Sends a request and returns its id. */
  async send(
    channel: "shell" | "control",
    type: string,
    content: Content,
    buffers: readonly Uint8Array[] = [],
  ): Promise<string> {
    const header = makeHeader(type, this.session, "test");
    await this.#requests[channel].send(
      encodeMessage({ identities: [], header, parent: {}, metadata: {}, content, buffers }, this.signer),
    );
    return header.msg_id;
  }

  /** Sends frames as they are. */
  async sendRaw(frames: Uint8Array[]): Promise<void> {
    await this.#shell.send(frames);
  }

  reply(id: string): Promise<Message> {
    return new Promise((resolve) => this.#replies.set(id, resolve));
  }

  /** Sends a request and waits for its reply and for idle. */
  async ask(type: string, content: Content = {}, channel: "shell" | "control" = "shell"): Promise<Outcome> {
    const header = makeHeader(type, this.session, "test");
    const reply = this.reply(header.msg_id);
    await this.#requests[channel].send(
      encodeMessage({ identities: [], header, parent: {}, metadata: {}, content }, this.signer),
    );
    return this.outcome(header.msg_id, reply, `the reply to ${type}`);
  }

  /** Waits for the reply to a request that was sent, and for idle. */
  async outcome(id: string, reply: Promise<Message>, what = "the reply"): Promise<Outcome> {
    const { content } = await within(REPLY_TIMEOUT_MS, what, reply);
    let seen = 0;
    const idle = () => {
      const from = seen;
      seen = this.received.length;
      return this.received.slice(from).some((message) => message.parent["msg_id"] === id && isIdle(message));
    };
    await this.until(idle, `idle after ${what}`);
    return { reply: content, messages: this.of(id) };
  }

  /** Runs a cell. */
  run(code: string, options: Content = {}): Promise<Outcome> {
    return this.ask("execute_request", { ...EXECUTE, code, ...options });
  }

  /** Starts a cell and does not wait for its end. */
  fire(code: string): Promise<string> {
    return this.send("shell", "execute_request", { ...EXECUTE, code });
  }

  /** Starts a cell. Its outcome is a promise. */
  async begin(code: string, options: Content = {}): Promise<{ id: string; outcome: Promise<Outcome> }> {
    const header = makeHeader("execute_request", this.session, "test");
    const content = { ...EXECUTE, code, ...options };
    const reply = this.reply(header.msg_id);
    await this.#shell.send(
      encodeMessage({ identities: [], header, parent: {}, metadata: {}, content }, this.signer),
    );
    return { id: header.msg_id, outcome: this.outcome(header.msg_id, reply, `the end of ${code}`) };
  }

  /** The iopub messages of a request so far. */
  of(id: string): Message[] {
    return this.received.filter(({ parent }) => parent["msg_id"] === id);
  }

  /** Waits until a cell has printed something. */
  async printed(id: string, text: string): Promise<void> {
    let seen = 0;
    const holds = () => {
      const from = seen;
      seen = this.received.length;
      return this.received
        .slice(from)
        .some(
          ({ parent, content }) => parent["msg_id"] === id && String(content["text"] ?? "").includes(text),
        );
    };
    await this.until(holds, JSON.stringify(text));
  }

  /** Waits until a condition holds. Checks it after every message. */
  async until(holds: () => boolean, what: string, milliseconds = REPLY_TIMEOUT_MS): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve();
      };
      this.#watchers.push(look);
      look();
    });
    await within(milliseconds, what, arrived);
  }

  /** Waits for a request for input, and answers it. */
  async answerInput(value: string): Promise<Message | undefined> {
    const frames = await within(REPLY_TIMEOUT_MS, "a request for input", this.#stdin.receive());
    const header = makeHeader("input_reply", this.session, "test");
    await this.#stdin.send(
      encodeMessage({ identities: [], header, parent: {}, metadata: {}, content: { value } }, this.signer),
    );
    return decodeMessage(frames, this.#readers);
  }

  async heartbeat(): Promise<string> {
    await this.#hb.send("ping");
    const [beat] = await this.#hb.receive();
    return String(beat);
  }

  /** Shuts the kernel down and removes its files. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.server.once("exit", resolve));
    const running = this.server.exitCode === null && this.server.signalCode === null;
    if (running) {
      await this.send("control", "shutdown_request", { restart: false });
      await within(10_000, "the end of the kernel", gone);
    }
    for (const socket of [this.#shell, this.#control, this.#iopub, this.#hb, this.#stdin]) socket.close();
    this.#kernel.remove();
  }

  async #ready(): Promise<void> {
    // The subscription works once a status message arrives. Until then, ask again.
    while (!this.received.some(isIdle)) {
      const header = makeHeader("kernel_info_request", this.session, "test");
      const reply = this.reply(header.msg_id);
      const message = { identities: [], header, parent: {}, metadata: {}, content: {} };
      await this.#shell.send(encodeMessage(message, this.signer));
      await reply;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #read(socket: zmq.Dealer): Promise<void> {
    for await (const frames of socket) {
      const message = decodeMessage(frames, this.signer);
      const id = message?.parent["msg_id"];
      if (message && typeof id === "string") this.#replies.get(id)?.(message);
    }
  }

  async #listen(): Promise<void> {
    for await (const frames of this.#iopub) {
      const message = decodeMessage(frames, this.#readers);
      if (message) this.received.push(message);
      for (const watcher of this.#watchers) watcher();
    }
  }
}

const EXECUTE = {
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: false,
  stop_on_error: true,
};
