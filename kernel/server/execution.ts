import { log } from "../debug-log";
import type { Language } from "../language/language-client";
import type { Stream } from "../link/output-order";
import type { CellError, Report } from "../link/protocol";
import type { Content, Header, Message } from "../wire/message";
import {
  type CellOutcome,
  executorLostBetweenCells,
  executorLostError,
  interruptedError,
  interruptFailedError,
} from "./cell-outcome";
import { Executor, type ExitStatus } from "./executor";
import { interruptCell } from "./interrupt";
import { OpenComms } from "./open-comms";
import { type CellRequest, cellName, RunningCell } from "./running-cell";
import { StreamBuffer } from "./stream-buffer";
import { describeDiagnostics, describeWarnings } from "./type-errors";

/** Publishes a message below the cell whose request is the parent. */
export type Publish = (
  type: string,
  parent: Header | undefined,
  content: Content,
  metadata?: Content,
  buffers?: readonly Uint8Array[],
) => void;

/** Runs cells in the executor, one at a time, and publishes their output below the right cell. */
export class Execution {
  readonly #language: Language;
  readonly #publish: Publish;
  readonly comms: OpenComms;
  readonly #requests = new Map<number, CellRequest>();
  readonly #streams: StreamBuffer;
  /** The variables that cells have assigned in the current executor. */
  readonly #variables = new Set<string>();
  /** What happened after the last cell had ended. It is shown with the next cell. */
  #lateErrors: string[] = [];
  #executor: Executor | undefined;
  #running: RunningCell | undefined;
  #lastCell = "the last cell";
  #nextId = 1;
  #closing = false;

  constructor(language: Language, publish: Publish) {
    this.#language = language;
    this.#publish = publish;
    this.comms = new OpenComms(publish);
    this.#streams = new StreamBuffer((cell, name, text) => this.#show(cell, "stream", { name, text }));
    this.#executor = this.#start();
  }

  /** Resolves when the first executor can run cells. */
  get ready(): Promise<void> {
    return this.#executor?.ready ?? Promise.resolve();
  }

  /** The request of the cell that runs now. */
  get current(): Header | undefined {
    return this.#running?.request.header;
  }

  /** Runs a cell to its end. */
  async run(request: CellRequest): Promise<CellOutcome> {
    const cell = this.#begin(request);
    if (!request.silent) {
      for (const text of this.#lateErrors.splice(0)) this.#showLateError(cell, text);
    }
    this.#perform(cell).catch((failure: unknown) => {
      const evalue = failure instanceof Error ? failure.message : String(failure);
      cell.finish({ ename: "ConversionError", evalue, traceback: [`ConversionError: ${evalue}`] });
    });
    const error = await cell.ended;
    this.#streams.flush();
    if (error) this.#show(cell.id, "error", { ...error });
    return {
      ...(error ? { error } : {}),
      ...(cell.result ? { result: cell.result } : {}),
      lateErrors: cell.lateErrors,
    };
  }

  /** Interrupts the cell that runs now. Does nothing when no cell runs. */
  async interrupt(): Promise<void> {
    const [running, executor] = [this.#running, this.#executor];
    if (!running || running.interrupting || running.phase === "committing") {
      log(`interrupt ignored: ${running ? `${running.name} is already ending` : "no cell runs"}`);
      return;
    }
    running.interrupting = true;
    const requestedMs = performance.now();
    log(`interrupt of ${running.name}, which is ${running.phase}`);
    if (running.phase !== "running" || !executor) running.finish(interruptedError());
    else
      running.killed = !(await interruptCell(executor, {
        id: running.id,
        startedMs: running.startedMs,
        ended: running.codeEnded,
      }));
    const durationMs = (performance.now() - requestedMs).toFixed(1);
    log(
      `interrupt of ${running.name} ${running.killed ? "killed the executor" : "ended it"} after ${durationMs} ms`,
    );
  }

  /** Passes the user's input to the cell that runs now. Does nothing when it did not ask for input. */
  input(text: string): void {
    const running = this.#running;
    if (!running || running.pendingInputs === 0) return;
    running.pendingInputs--;
    this.#executor?.sendInput(text);
  }

  /** Passes a message of a front end's comm to the executor. */
  receiveComm(message: Message): void {
    const received = this.comms.receive(message);
    if (received) this.#executor?.send({ kind: "comm", message: received });
  }

  /** Ends the executor, which runs its exit hooks first. Kills it after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    await this.#executor?.end(timeoutMs);
    this.#streams.flush();
  }

  #begin(request: CellRequest): RunningCell {
    const cell: RunningCell = new RunningCell(this.#nextId++, request, () => {
      if (!request.silent) this.#lastCell = cell.name;
      this.#running = undefined;
    });
    this.#requests.set(cell.id, request);
    this.#running = cell;
    return cell;
  }

  /** Converts a cell and starts it in the executor. Returns early when the cell has been interrupted. */
  async #perform(cell: RunningCell): Promise<void> {
    const { name, request } = cell;
    const conversion = await this.#language.convert(request.code);
    log(`${name} converted to ${conversion.kind} in ${(performance.now() - cell.startedMs).toFixed(1)} ms`);
    if (cell.finished) return;
    if (conversion.kind === "diagnostics") {
      cell.finish(describeDiagnostics(name, request.code, conversion.diagnostics));
      return;
    }
    for (const text of describeWarnings(name, request.code, conversion.warnings))
      this.#show(cell.id, "stream", { name: "stderr", text });
    cell.phase = "starting";
    this.#executor ??= this.#start();
    const executor = this.#executor;
    await executor.ready;
    if (cell.finished) return;
    cell.phase = "running";
    cell.startedMs = performance.now();
    executor.send({
      kind: "run",
      cell: cell.id,
      name,
      key: request.cellId ?? request.code,
      source: request.code,
      allowsInput: request.requestInput !== undefined,
      program: conversion.program,
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
    const running = this.#running?.id === report.cell ? this.#running : undefined;
    switch (report.kind) {
      case "display": {
        const { data, metadata, id, update } = report;
        const transient = id === undefined ? {} : { display_id: id };
        this.#show(report.cell, update ? "update_display_data" : "display_data", {
          data: forJson(data),
          metadata,
          transient,
        });
        return;
      }
      case "result": {
        if (!running) return;
        const { metadata } = report;
        const data = forJson(report.data);
        running.result = { data, metadata };
        this.#show(report.cell, "execute_result", { data, metadata, execution_count: running.request.count });
        return;
      }
      case "broadcast":
        this.#show(report.cell, report.type, report.content, report.metadata);
        return;
      case "comm":
        this.comms.publish(report.message, this.#requests.get(report.cell)?.header);
        return;
      case "clear":
        this.#show(report.cell, "clear_output", { wait: report.wait });
        return;
      case "input":
        if (!running?.request.requestInput) return;
        running.pendingInputs++;
        running.request.requestInput(report.prompt, report.password);
        return;
      case "late-error":
        this.#onLateError(report.cell, report.text);
        return;
      case "done":
        if (running) void this.#onDone(running, report.error, report.defined);
    }
  }

  async #onDone(cell: RunningCell, error: CellError | undefined, defined: readonly string[]): Promise<void> {
    cell.markCodeEnded();
    cell.phase = "committing";
    for (const name of defined) this.#variables.add(name);
    // The engine may have restarted and no longer know the cell.
    await this.#language.commit(error ? defined : undefined).catch(() => {});
    cell.finish(error);
  }

  /** Shows an error that nothing awaits below its own cell and, so that it is noticed, with the next cell. */
  #onLateError(id: number, text: string): void {
    this.#show(id, "stream", { name: "stderr", text: `Uncaught, after the cell had ended:\n${text}\n` });
    const request = this.#requests.get(id);
    const name = request ? cellName(id, request) : "an earlier cell";
    const message = `An error was thrown after ${name} had ended:\n${text}`;
    if (this.#running && !this.#running.request.silent) this.#showLateError(this.#running, message);
    else this.#lateErrors.push(message);
  }

  #showLateError(cell: RunningCell, text: string): void {
    cell.lateErrors.push(text);
    this.#show(cell.id, "stream", { name: "stderr", text: `${text}\n` });
  }

  /** Reports the loss of the executor as an error of its cell or of the next one, and starts a new executor. */
  #onExecutorExit(executor: Executor, status: ExitStatus): void {
    log(`executor exited: code ${status.code}, signal ${status.signal}`);
    if (this.#executor !== executor) return;
    const running = this.#running;
    this.#streams.end(running?.id ?? this.#nextId - 1);
    this.#executor = undefined;
    this.comms.closeAll();
    if (this.#closing) return;
    const names = [...this.#variables];
    this.#variables.clear();
    // An executor that ends before any cell ran would end again: the next cell starts one.
    if (running || this.#nextId > 1) this.#executor = this.#start();
    void this.#language.reset().catch(() => {});
    if (running) running.finish(running.killed ? interruptFailedError() : executorLostError(status));
    else if (this.#nextId > 1) {
      const text = executorLostBetweenCells(status, this.#lastCell, names);
      this.#show(this.#nextId - 1, "stream", { name: "stderr", text: `${text}\n` });
      this.#lateErrors.push(text);
    }
  }

  /** Publishes a message below a cell, unless the cell is silent. */
  #show(id: number, type: string, content: Content, metadata?: Content): void {
    const request = this.#requests.get(id);
    if (!request?.silent) this.#publish(type, request?.header, content, metadata);
  }
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
