import { Language } from "../language/language-client";
import type { Connection } from "../wire/connection";
import type { Content, Message } from "../wire/message";
import { type RequestChannel, Sockets } from "../wire/sockets";
import { Execution } from "./execution";
import { History } from "./history";
import { kernelInfo } from "./kernel-info";
import { toCodePointOffset, toUtf16Offset } from "./text-offsets";

/** How long cells may clean up when the kernel shuts down. Jupyter kills the kernel after five seconds. */
const SHUTDOWN_GRACE_MS = 4_500;

/** How long requests that were sent before a cell failed may take to arrive. */
const ARRIVAL_MS = 10;

/** Answers Jupyter's requests. See "Messaging in Jupyter" in the Jupyter client documentation. */
export class Kernel {
  readonly #sockets: Sockets;
  readonly #language = new Language();
  readonly #execution: Execution;
  readonly #history = new History();
  #queue: Message[] = [];
  #working = false;
  #count = 0;
  #stopping: Promise<void> | undefined;

  constructor(connection: Connection) {
    this.#sockets = new Sockets(connection);
    this.#execution = new Execution(this.#language, (type, parent, content) =>
      this.#sockets.publish(type, parent, content),
    );
  }

  /** Binds the sockets and answers requests until a shutdown. */
  async serve(): Promise<void> {
    await this.#sockets.bind();
    this.#sockets.publish("status", undefined, { execution_state: "starting" });
    await Promise.all(
      (["shell", "control"] as const).map((channel) =>
        this.#sockets.listen(channel, (message) => this.#receive(channel, message)),
      ),
    );
    await this.#stopping;
  }

  /** Interrupts the cell that runs now. */
  interrupt(): Promise<void> {
    return this.#execution.interrupt();
  }

  /** Ends the executor (its exit hooks run), sends all pending messages, and closes the sockets. */
  stop(): Promise<void> {
    this.#stopping ??= this.#execution
      .close(SHUTDOWN_GRACE_MS)
      .then(() => this.#language.close())
      .then(() => this.#sockets.close());
    return this.#stopping;
  }

  #receive(channel: RequestChannel, message: Message): void {
    if (message.header.msg_type === "execute_request" && channel === "shell") {
      this.#queue.push(message);
      void this.#work();
      return;
    }
    void this.#respond(channel, message);
  }

  /** Answers every request except `execute_request`, also while a cell runs. */
  async #respond(channel: RequestChannel, message: Message): Promise<void> {
    this.#status("busy", message);
    const type = message.header.msg_type;
    try {
      const content = await this.#answer(message);
      if (content) this.#sockets.reply(channel, message, content);
    } catch (error) {
      const evalue = error instanceof Error ? error.message : String(error);
      console.error(`wirebook-kernel: ${type} failed:`, error);
      this.#sockets.reply(channel, message, { status: "error", ename: "KernelError", evalue, traceback: [] });
    }
    this.#status("idle", message);
    // Front ends show the last status, so repeat the status of the running cell.
    const running = this.#execution.current;
    if (running) this.#sockets.publish("status", running, { execution_state: "busy" });
    if (type === "shutdown_request") void this.stop();
  }

  async #answer({ header, content }: Message): Promise<Content | undefined> {
    switch (header.msg_type) {
      case "kernel_info_request":
        return kernelInfo();
      case "complete_request":
        return await this.#complete(text(content, "code"), number(content, "cursor_pos"));
      case "inspect_request":
        return await this.#inspect(text(content, "code"), number(content, "cursor_pos"));
      case "is_complete_request":
        return { ...(await this.#language.isComplete(text(content, "code"))) };
      case "history_request":
        return this.#history.answer(content);
      case "comm_info_request":
        return { status: "ok", comms: {} };
      case "comm_open":
        // There is no comm target, so the protocol asks for a comm_close.
        this.#sockets.publish("comm_close", header, { comm_id: content["comm_id"], data: {} });
        return undefined;
      case "interrupt_request":
        void this.#execution.interrupt();
        return { status: "ok" };
      case "shutdown_request":
        return { status: "ok", restart: content["restart"] === true };
      case "execute_request":
        return {
          status: "error",
          ename: "KernelError",
          evalue: "execute_request is only accepted on the shell channel",
          traceback: [],
        };
      default:
        return undefined;
    }
  }

  async #complete(code: string, cursor: number): Promise<Content> {
    const { start, end, matches } = await this.#language.complete(code, toUtf16Offset(code, cursor));
    const range = { start: toCodePointOffset(code, start), end: toCodePointOffset(code, end) };
    return {
      status: "ok",
      matches: matches.map(({ text }) => text),
      cursor_start: range.start,
      cursor_end: range.end,
      metadata: {
        _jupyter_types_experimental: matches.map(({ text, kind }) => ({ ...range, text, type: kind })),
      },
    };
  }

  async #inspect(code: string, cursor: number): Promise<Content> {
    const info = await this.#language.inspect(code, toUtf16Offset(code, cursor));
    if (!info) return { status: "ok", found: false, data: {}, metadata: {} };
    const tags = info.tags.map(({ name, text }) => ({ name: `@${name}`, text }));
    const plain = [
      info.signature,
      info.documentation,
      tags.map(({ name, text }) => `${name} ${text}`).join("\n"),
    ];
    const markdown = [
      `\`\`\`typescript\n${info.signature}\n\`\`\``,
      info.documentation,
      tags.map(({ name, text }) => `*${name}* ${text}`).join("\n\n"),
    ];
    const data = {
      "text/plain": plain.filter(Boolean).join("\n\n"),
      "text/markdown": markdown.filter(Boolean).join("\n\n"),
    };
    return { status: "ok", found: true, data, metadata: {} };
  }

  /** Runs the queued cells, one after the other. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) await this.#runCell(next);
    this.#working = false;
  }

  async #runCell(message: Message): Promise<void> {
    const { header, content } = message;
    const code = text(content, "code");
    const silent = content["silent"] === true;
    if (!silent) this.#count++;
    this.#status("busy", message);
    const execution_count = this.#count;
    if (!silent) {
      if (content["store_history"] !== false) this.#history.add(execution_count, code);
      this.#sockets.publish("execute_input", header, { code, execution_count });
    }
    const error = await this.#execution.run({ header, code, silent, count: silent ? 0 : execution_count });
    if (!error) {
      const unsupported = {
        status: "error",
        ename: "NotSupported",
        evalue: "user_expressions",
        traceback: [],
      };
      const names = Object.keys(Object(content["user_expressions"] ?? {}));
      const user_expressions = Object.fromEntries(names.map((name) => [name, unsupported]));
      this.#sockets.reply("shell", message, { status: "ok", execution_count, payload: [], user_expressions });
      this.#status("idle", message);
      return;
    }
    const aborted = content["stop_on_error"] === false ? [] : await this.#takeQueue();
    this.#sockets.reply("shell", message, {
      status: "error",
      execution_count,
      ...error,
      payload: [],
      user_expressions: {},
    });
    this.#status("idle", message);
    for (const request of aborted) {
      this.#status("busy", request);
      this.#sockets.reply("shell", request, { status: "aborted", execution_count });
      this.#status("idle", request);
    }
  }

  /**
   * Takes the cells that were sent before their sender could know of the error. They may still be in transit,
   * so this waits a little. Cells that are sent after the error's reply are never among them.
   */
  async #takeQueue(): Promise<Message[]> {
    do await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
    while (this.#sockets.hasRequests("shell"));
    const taken = this.#queue;
    this.#queue = [];
    return taken;
  }

  #status(state: "busy" | "idle", { header }: Message): void {
    this.#sockets.publish("status", header, { execution_state: state });
  }
}

function text(content: Content, key: string): string {
  const value = content[key];
  return typeof value === "string" ? value : "";
}

function number(content: Content, key: string): number {
  const value = content[key];
  return typeof value === "number" ? value : 0;
}
