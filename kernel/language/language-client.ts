import path from "node:path";
import { Worker } from "node:worker_threads";
import { log } from "../debug-log";
import type { Completeness, Completions, Conversion, QuickInfo, TypeCheck } from "./engine";

export type LanguageRequest =
  | { readonly method: "convert"; readonly code: string }
  | { readonly method: "commit"; readonly defined: readonly string[] | undefined }
  | { readonly method: "reset" }
  | { readonly method: "complete" | "inspect"; readonly code: string; readonly position: number }
  | { readonly method: "isComplete"; readonly code: string };

/** What the engine's thread sends: that it has loaded, or the reply to a request. */
type LanguageMessage = { readonly kind: "ready" } | LanguageReply;

export interface LanguageReply {
  readonly kind: "reply";
  readonly id: number;
  readonly value?: Conversion | Completions | QuickInfo | Completeness | undefined;
  readonly failure?: string;
}

/** The language engine, as the server sees it. The engine's thread answers the requests in order. */
export class Language {
  #markReady: () => void = () => {};
  /** Resolves when the engine converts cells without a delay, or could not be started. */
  readonly ready = new Promise<void>((resolve) => {
    this.#markReady = resolve;
  });
  readonly #check: TypeCheck;
  #worker: Worker;
  readonly #pending = new Map<number, (reply: LanguageReply) => void>();
  #nextId = 1;
  #closed = false;

  constructor(check: TypeCheck) {
    this.#check = check;
    this.#worker = this.#start();
  }

  /** Checks and converts a cell. See `LanguageEngine.convert`. */
  async convert(code: string): Promise<Conversion> {
    const value = await this.#request({ method: "convert", code });
    if (value && "kind" in value) return value;
    throw new Error("the language engine returned no conversion");
  }

  async commit(defined?: readonly string[]): Promise<void> {
    await this.#request({ method: "commit", defined });
  }

  async reset(): Promise<void> {
    await this.#request({ method: "reset" });
  }

  async complete(code: string, position: number): Promise<Completions> {
    const value = await this.#request({ method: "complete", code, position });
    return value && "matches" in value ? value : { start: position, end: position, matches: [] };
  }

  async inspect(code: string, position: number): Promise<QuickInfo | undefined> {
    const value = await this.#request({ method: "inspect", code, position });
    return value && "signature" in value ? value : undefined;
  }

  async isComplete(code: string): Promise<Completeness> {
    const value = await this.#request({ method: "isComplete", code });
    return value && "status" in value ? value : { status: "complete" };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }

  async #request(request: LanguageRequest): Promise<LanguageReply["value"]> {
    const id = this.#nextId++;
    const reply = await new Promise<LanguageReply>((resolve) => {
      this.#pending.set(id, resolve);
      this.#worker.postMessage({ id, request });
    });
    if (reply.failure !== undefined) throw new Error(reply.failure);
    return reply.value;
  }

  #start(): Worker {
    const worker = new Worker(path.join(__dirname, "worker.js"), {
      execArgv: [],
      workerData: this.#check,
    });
    worker.on("message", (message: LanguageMessage) => {
      if (message.kind === "ready") {
        log("language engine ready");
        this.#markReady();
        return;
      }
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
    });
    let reason = "the language engine ended";
    worker.on("error", (error) => {
      reason = `the language engine failed: ${error instanceof Error ? error.message : String(error)}`;
    });
    worker.on("exit", () => {
      this.#markReady();
      if (this.#closed) return;
      this.#worker = this.#start();
      for (const [id, resolve] of this.#pending) resolve({ kind: "reply", id, failure: reason });
      this.#pending.clear();
    });
    return worker;
  }
}
