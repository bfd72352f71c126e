import { log } from "../debug-log";
import type { Language } from "../language/language-client";
import type { Stream } from "../link/output-order";
import type { CellError, Report } from "../link/protocol";
import type { Content, Header } from "../wire/message";
import { Executor, type ExitStatus } from "./executor";
import { interruptCell } from "./interrupt";
import { StreamBuffer } from "./stream-buffer";
import { describeDiagnostics } from "./type-errors";

/** A cell to be run. */
export interface CellRequest {
  readonly header: Header;
  readonly code: string;
  /** The cell's execution count, as in `In[3]`; 0 for a silent cell. */
  readonly count: number;
  readonly silent: boolean;
}

/** Publishes a message below the cell whose request is the parent. */
export type Publish = (type: string, parent: Header | undefined, content: Content) => void;

interface Running {
  readonly id: number;
  readonly request: CellRequest;
  readonly startedMs: number;
  readonly ended: Promise<void>;
  finish(error: CellError | undefined, defined?: readonly string[]): void;
  killed: boolean;
}

/** Runs cells in the executor, one at a time, and publishes their output below the right cell. */
export class Execution {
  readonly #language: Language;
  readonly #publish: Publish;
  readonly #parents = new Map<number, Header>();
  readonly #streams: StreamBuffer;
  #executor: Executor | undefined;
  #running: Running | undefined;
  #nextId = 1;
  #closing = false;

  constructor(language: Language, publish: Publish) {
    this.#language = language;
    this.#publish = publish;
    this.#streams = new StreamBuffer((cell, name, text) =>
      this.#publish("stream", this.#parents.get(cell), { name, text }),
    );
    this.#executor = this.#start();
  }

  /** The request of the cell that runs now. */
  get current(): Header | undefined {
    return this.#running?.request.header;
  }

  /** Runs a cell to its end. Resolves with its error when it failed. */
  async run(request: CellRequest): Promise<CellError | undefined> {
    const id = this.#nextId++;
    const name = request.count > 0 ? `In[${request.count}]` : `In[s${id}]`;
    this.#parents.set(id, request.header);
    let error: CellError | undefined;
    try {
      const startedMs = performance.now();
      const conversion = await this.#language.convert(request.code);
      log(`${name} converted to ${conversion.kind} in ${(performance.now() - startedMs).toFixed(1)} ms`);
      error =
        conversion.kind === "diagnostics"
          ? describeDiagnostics(name, request.code, conversion.diagnostics)
          : await this.#execute(id, request, (executor) =>
              executor.send({
                kind: "run",
                cell: id,
                name,
                source: request.code,
                program: conversion.program,
              }),
            );
    } catch (failure) {
      const evalue = failure instanceof Error ? failure.message : String(failure);
      error = { ename: "ConversionError", evalue, traceback: [`ConversionError: ${evalue}`] };
    }
    this.#streams.flush();
    if (error && !request.silent) this.#publish("error", request.header, { ...error });
    return error;
  }

  /** Interrupts the cell that runs now. Does nothing when no cell runs. */
  async interrupt(): Promise<void> {
    const [running, executor] = [this.#running, this.#executor];
    if (!running || !executor) {
      log("interrupt ignored: no cell runs");
      return;
    }
    const requestedMs = performance.now();
    log(`interrupt of cell ${running.id}`);
    running.killed = !(await interruptCell(executor, running));
    const durationMs = (performance.now() - requestedMs).toFixed(1);
    log(
      `interrupt of cell ${running.id} ${running.killed ? "killed the executor" : "ended it"} after ${durationMs} ms`,
    );
  }

  /** Ends the executor, which runs its exit hooks first. Kills it after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    await this.#executor?.end(timeoutMs);
    this.#streams.flush();
  }

  #execute(
    id: number,
    request: CellRequest,
    begin: (executor: Executor) => void,
  ): Promise<CellError | undefined> {
    return new Promise((resolve) => {
      let markEnded: () => void = () => {};
      const ended = new Promise<void>((done) => {
        markEnded = done;
      });
      const finish = (error: CellError | undefined, defined?: readonly string[]) => {
        this.#running = undefined;
        markEnded();
        void this.#language
          .commit(error ? (defined ?? []) : undefined)
          .catch(() => {}) // the engine has restarted and no longer knows the cell
          .then(() => resolve(error));
      };
      this.#running = { id, request, startedMs: performance.now(), ended, finish, killed: false };
      this.#executor ??= this.#start();
      begin(this.#executor);
    });
  }

  #start(): Executor {
    const executor: Executor = new Executor({
      onText: (stream: Stream, cell: number, bytes: Buffer) => this.#streams.push(stream, cell, bytes),
      onReport: (report) => this.#onReport(report),
      onExit: (status) => this.#onExecutorExit(executor, status),
    });
    log(`executor started: process ${executor.pid}`);
    return executor;
  }

  #onReport(report: Report): void {
    log(`executor reported ${report.kind}${"cell" in report ? ` for cell ${report.cell}` : ""}`);
    if (report.kind === "ready") return;
    this.#streams.flush();
    const running = this.#running;
    const parent = this.#parents.get(report.cell);
    switch (report.kind) {
      case "display": {
        const { data, metadata, id, update } = report;
        const transient = id === undefined ? {} : { display_id: id };
        this.#publish(update ? "update_display_data" : "display_data", parent, {
          data: forJson(data),
          metadata,
          transient,
        });
        return;
      }
      case "result": {
        if (running?.request.silent) return;
        const { data, metadata } = report;
        const execution_count = running?.request.count ?? 0;
        this.#publish("execute_result", parent, { data: forJson(data), metadata, execution_count });
        return;
      }
      case "done":
        if (running?.id === report.cell) running.finish(report.error, report.defined);
    }
  }

  /** Reports the loss of the executor as the error of its cell, and starts a new executor. All variables are lost. */
  #onExecutorExit(executor: Executor, status: ExitStatus): void {
    log(`executor exited: code ${status.code}, signal ${status.signal}`);
    if (this.#executor !== executor) return;
    const running = this.#running;
    this.#streams.end(running?.id ?? this.#nextId - 1);
    this.#executor = undefined;
    if (this.#closing) return;
    // An executor that ends before any cell ran would end again: the next cell starts one.
    if (running || this.#nextId > 1) this.#executor = this.#start();
    void this.#language.reset().catch(() => {});
    running?.finish(running.killed ? interruptFailedError() : executorLostError(status));
  }
}

const ADVICE = "All variables are lost. A new process is ready: run the cells above again.";

function interruptFailedError(): CellError {
  const evalue = "the cell did not react to the interrupt, so its process was killed";
  return { ename: "Interrupted", evalue, traceback: [ADVICE, `Interrupted: ${evalue}`] };
}

function executorLostError({ code, signal }: ExitStatus): CellError {
  const reason =
    signal === "SIGABRT" || signal === "SIGTRAP"
      ? "it aborted, usually because it ran out of memory (see its last output above)"
      : signal
        ? `it was ended by ${signal}`
        : `process.exit(${code}) was called`;
  const evalue = `the process that ran the cell ended: ${reason}`;
  return { ename: "ProcessEnded", evalue, traceback: [ADVICE, `ProcessEnded: ${evalue}`] };
}

/** Converts the bytes of a bundle to base64, as Jupyter expects for images. */
function forJson(data: Content): Content {
  return Object.fromEntries(
    Object.entries(data).map(([mime, content]) => [
      mime,
      content instanceof Uint8Array ? Buffer.from(content).toString("base64") : content,
    ]),
  );
}
