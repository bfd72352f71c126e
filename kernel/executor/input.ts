import { Readable } from "node:stream";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { OrderedWriter } from "../link/output-order";
import { type CellRun, currentRun } from "./cell-run";
import { throwIfInterrupted } from "./interruption-points";

/** A cell asks for input, but the front end that runs it cannot ask the user. */
class StdinNotAvailable extends Error {
  override readonly name = "StdinNotAvailable";

  constructor() {
    super(
      "the front end that runs this cell does not accept input\n  Run the notebook in JupyterLab, or assign the value in the cell.",
    );
  }
}

/** How long the main thread waits before it checks again whether the cell was interrupted. */
const CHECK_INTERVAL_MS = 50;

/** After a line was read: how long the program may take to say that it needs no further line. */
const NEXT_LINE_DELAY_MS = 30;

/** Asks the user for lines of text, through the front end that runs the calling cell. */
export class Input {
  /** The watchdog thread sends the replies here. */
  readonly port: MessagePort;
  /** The watchdog thread counts the replies here, which ends a wait of the main thread. */
  readonly memory = new SharedArrayBuffer(4);
  readonly #output: OrderedWriter;
  readonly #replies: MessagePort;
  readonly #count = new Int32Array(this.memory);
  readonly #waiting: ((text: string) => void)[] = [];
  #stdin: Readable | undefined;

  constructor(output: OrderedWriter) {
    this.#output = output;
    const { port1, port2 } = new MessageChannel();
    this.#replies = port1;
    this.port = port2;
    port1.on("message", ({ text }: { text: string }) => this.#waiting.shift()?.(text));
    port1.unref();
  }

  /** Asks for a line and blocks the main thread until there is a reply. */
  readLine(prompt: string, password: boolean): string {
    this.#request(prompt, password);
    for (;;) {
      const count = Atomics.load(this.#count, 0);
      const received: { message: { text: string } } | undefined = receiveMessageOnPort(this.#replies);
      const next = received && this.#waiting.shift();
      if (next) next(received.message.text);
      else if (received) return received.message.text;
      else Atomics.wait(this.#count, 0, count, CHECK_INTERVAL_MS);
      throwIfInterrupted();
    }
  }

  /** What `process.stdin` is in a cell: every line is asked for when the program reads it. */
  get stdin(): Readable {
    if (!this.#stdin || this.#stdin.destroyed) this.#stdin = this.#openStdin();
    return this.#stdin;
  }

  /** Makes `prompt`, `confirm` and `process.stdin` available to cells. */
  install(): void {
    const prompt = (message: unknown = "Prompt", defaultValue = ""): string =>
      this.readLine(spaced(message), false) || defaultValue;
    const password = (message: unknown = "Password"): string => this.readLine(spaced(message), true);
    const confirm = (message: unknown = "Confirm"): boolean =>
      /^\s*y(es)?\s*$/i.test(this.readLine(`${message} [y/N] `, false));
    const globals = { prompt: Object.assign(prompt, { password }), confirm };
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
    Object.defineProperty(process, "stdin", {
      configurable: true,
      enumerable: true,
      get: () => this.stdin,
    });
  }

  #request(prompt: string, password: boolean): CellRun {
    const run = currentRun();
    if (!run?.running || !run.allowsInput) throw new StdinNotAvailable();
    this.#output.frame(run.id, { kind: "input", prompt, password });
    return run;
  }

  #openStdin(): Readable {
    let first = true;
    const request = () => {
      try {
        this.#request("", false);
        this.#waiting.push((text) => stdin.push(`${text}\n`));
      } catch (error) {
        stdin.destroy(error instanceof Error ? error : new StdinNotAvailable());
      }
    };
    const stdin: Readable = new Readable({
      read() {
        if (first) {
          first = false;
          request();
          return;
        }
        setTimeout(() => {
          if (stdin.isPaused()) stdin.once("resume", request);
          else request();
        }, NEXT_LINE_DELAY_MS).unref();
      },
    });
    return Object.assign(stdin, { fd: 0, isTTY: false, setRawMode: () => stdin });
  }
}

/** A message, with a space between it and the input. */
function spaced(message: unknown): string {
  return /\s$/.test(String(message)) ? String(message) : `${message} `;
}
