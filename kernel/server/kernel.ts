import type { TypeCheck } from "../language/engine";
import { Language } from "../language/language-client";
import type { Connection } from "../wire/connection";
import type { Content, Message } from "../wire/message";
import { type RequestChannel, Sockets } from "../wire/sockets";
import { CellQueue } from "./cell-queue";
import { Execution } from "./execution";
import { History } from "./history";
import { describeName } from "./inspection";
import { kernelInfo } from "./kernel-info";
import { toCodePointOffset, toUtf16Offset } from "./text-offsets";

/** How long cells may clean up when the kernel shuts down. Jupyter kills the kernel after five seconds. */
const SHUTDOWN_GRACE_MS = 4_500;

/** Answers Jupyter's requests. See "Messaging in Jupyter" in the Jupyter client documentation. */
export class Kernel {
  readonly #sockets: Sockets;
  readonly #language: Language;
  readonly #execution: Execution;
  readonly #history = new History();
  readonly #cells: CellQueue;
  #stopping: Promise<void> | undefined;

  constructor(connection: Connection, check: TypeCheck) {
    this.#sockets = new Sockets(connection);
    this.#language = new Language(check);
    this.#execution = new Execution(this.#language, (...message) => this.#sockets.publish(...message));
    this.#cells = new CellQueue(this.#sockets, this.#execution, this.#language, this.#history);
  }

  /** Binds the sockets and answers requests until a shutdown. */
  async serve(): Promise<void> {
    await this.#sockets.bind();
    this.#sockets.publish("status", undefined, { execution_state: "starting" });
    await Promise.all([
      ...(["shell", "control"] as const).map((channel) =>
        this.#sockets.listen(channel, (message) => this.#receive(channel, message)),
      ),
      this.#sockets.listen("stdin", (message) => this.#onInput(message)),
    ]);
    await this.#stopping;
  }

  /** Interrupts the cell that runs now, and aborts the queued ones. */
  interrupt(): Promise<void> {
    return this.#cells.interrupt();
  }

  /** Ends the executor (its exit hooks run), sends all pending messages, and closes the sockets. */
  stop(): Promise<void> {
    this.#stopping ??= this.#execution
      .close(SHUTDOWN_GRACE_MS)
      .then(() => this.#language.close())
      .then(() => this.#sockets.close());
    return this.#stopping;
  }

  #onInput({ header, content }: Message): void {
    const { value } = content;
    if (header.msg_type === "input_reply" && typeof value === "string") this.#execution.input(value);
  }

  #receive(channel: RequestChannel, message: Message): void {
    if (message.header.msg_type === "execute_request" && channel === "shell") {
      this.#cells.push(message);
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

  async #answer(message: Message): Promise<Content | undefined> {
    const { header, content } = message;
    switch (header.msg_type) {
      case "kernel_info_request":
        // Clients send this request to learn when the kernel is ready, so the reply waits until a cell can run at once.
        await Promise.all([this.#language.ready, this.#execution.ready]);
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
        return this.#execution.comms.info(content["target_name"]);
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.#execution.receiveComm(message);
        return undefined;
      case "interrupt_request":
        void this.#cells.interrupt(header);
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
    return { status: "ok", found: true, data: describeName(info), metadata: {} };
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
