import type { Language } from "../language/language-client";
import { type Content, dateMs, type Header, type Message } from "../wire/message";
import type { Sockets } from "../wire/sockets";
import type { CellOutcome } from "./cell-outcome";
import type { Execution } from "./execution";
import type { History } from "./history";
import { describeName, readQuestion } from "./inspection";

/** How long requests that were sent before a cell failed may take to arrive. */
const ARRIVAL_MS = 10;

/** The `execute_request`s of the shell channel. Runs them one after the other. */
export class CellQueue {
  readonly #sockets: Sockets;
  readonly #execution: Execution;
  readonly #language: Language;
  readonly #history: History;
  #queue: Message[] = [];
  /** Requests that were queued when an interrupt arrived. They are aborted when the running cell has ended. */
  #interrupted: Message[] = [];
  /** The last interrupt of each client session, by the client's own clock. */
  readonly #lastInterrupt = new Map<string, number>();
  #working = false;
  #count = 0;

  constructor(sockets: Sockets, execution: Execution, language: Language, history: History) {
    this.#sockets = sockets;
    this.#execution = execution;
    this.#language = language;
    this.#history = history;
  }

  push(request: Message): void {
    this.#queue.push(request);
    void this.#work();
  }

  /**
   * Interrupts the cell that runs and aborts the queued ones.
   *
   * @param header - the request, when the interrupt came as a message. It may overtake cells that the same
   * client sent before it, because it comes through another socket. These are interrupted when they arrive.
   */
  async interrupt(header?: Header): Promise<void> {
    if (header) this.#lastInterrupt.set(header.session, dateMs(header));
    this.#interrupted.push(...this.#queue.splice(0));
    await this.#execution.interrupt();
  }

  /** Runs the queued cells, one after the other. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) await this.#run(next);
    this.#working = false;
  }

  async #run(request: Message): Promise<void> {
    const { header, content, metadata } = request;
    const code = typeof content["code"] === "string" ? content["code"] : "";
    const silent = content["silent"] === true;
    const stored = !silent && content["store_history"] !== false;
    if (!silent) this.#count++;
    this.#status("busy", request);
    const execution_count = this.#count;
    if (stored) this.#history.add(execution_count, code);
    if (!silent) this.#sockets.publish("execute_input", header, { code, execution_count });
    const pages = silent ? undefined : await this.#answerQuestion(code);
    if (pages) {
      const reply = { status: "ok", execution_count, payload: pages, user_expressions: {} };
      this.#sockets.reply("shell", request, reply);
      this.#status("idle", request);
      return;
    }
    const { cellId } = metadata;
    const running = this.#execution.run({
      header,
      code,
      silent,
      count: silent ? 0 : execution_count,
      ...(typeof cellId === "string" ? { cellId } : {}),
      ...(content["allow_stdin"] === true
        ? {
            requestInput: (prompt: string, password: boolean) =>
              this.#sockets.requestInput(request, { prompt, password }),
          }
        : {}),
    });
    if (this.#wasInterrupted(header)) void this.#execution.interrupt();
    const outcome = await running;
    const { error } = outcome;
    const aborted = error && content["stop_on_error"] !== false ? await this.#takeQueue() : [];
    aborted.unshift(...this.#interrupted.splice(0));
    const reply = error
      ? { status: "error", execution_count, ...error, payload: [], user_expressions: {} }
      : {
          status: "ok",
          execution_count,
          payload: [],
          user_expressions: await this.#evaluate(header, content["user_expressions"]),
        };
    this.#sockets.reply("shell", request, reply, replyMetadata(outcome));
    this.#status("idle", request);
    for (const each of aborted) {
      this.#status("busy", each);
      this.#sockets.reply("shell", each, { status: "aborted", execution_count });
      this.#status("idle", each);
    }
  }

  /** Answers a cell such as `name?` with a page for the front end's pager. Returns undefined for other cells. */
  async #answerQuestion(code: string): Promise<Content[] | undefined> {
    const name = readQuestion(code);
    const info = name && (await this.#language.inspect(name, name.length));
    return info ? [{ source: "page", data: describeName(info), start: 0 }] : undefined;
  }

  /** Whether the client sent an interrupt after this request. */
  #wasInterrupted(header: Header): boolean {
    const interruptMs = this.#lastInterrupt.get(header.session);
    // Equal dates come from a client whose clock counts whole milliseconds.
    return interruptMs !== undefined && dateMs(header) <= interruptMs;
  }

  /** Evaluates `user_expressions`: the front end's own expressions, after a cell has succeeded. */
  async #evaluate(header: Header, expressions: unknown): Promise<Content> {
    const results: Record<string, Content> = {};
    for (const [name, expression] of Object.entries(Object(expressions ?? {}))) {
      const code = `(${String(expression)})`;
      const { error, result } = await this.#execution.run({ header, code, silent: true, count: 0 });
      results[name] = error
        ? { status: "error", ...error }
        : {
            status: "ok",
            data: result?.data ?? { "text/plain": "undefined" },
            metadata: result?.metadata ?? {},
          };
    }
    return results;
  }

  /**
   * Takes the cells that were sent before their sender could know of the error. They may still be in transit,
   * so this waits a little. Cells that are sent after the error's reply are never among them.
   */
  async #takeQueue(): Promise<Message[]> {
    do await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
    while (this.#sockets.hasRequests("shell"));
    return this.#queue.splice(0);
  }

  #status(state: "busy" | "idle", { header }: Message): void {
    this.#sockets.publish("status", header, { execution_state: state });
  }
}

/** Tells clients such as the chapters' runner about errors that were thrown after earlier cells had ended. */
function replyMetadata({ lateErrors }: CellOutcome): Content {
  return lateErrors.length > 0 ? { wirebook: { late_errors: lateErrors } } : {};
}
