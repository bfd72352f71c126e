import type { Language } from "../language/client";
import type { CellError, Report } from "../link/protocol";
import type { Stream } from "../link/turns";
import type { Content, Header } from "../wire/message";
import { type Ending, Executor } from "./executor";
import { interruptCell } from "./interrupt";
import { Streams } from "./streams";
import { describeDiagnostics } from "./type-errors";

/** A cell to be run. */
export interface CellRequest {
  readonly header: Header;
  readonly code: string;
  /** Its number in the notebook, as `In[3]`; 0 for a silent one. */
  readonly count: number;
  readonly silent: boolean;
}

/** Publishes a message below the cell whose request is the parent. */
export type Publish = (type: string, parent: Header | undefined, content: Content) => void;

interface Running {
  readonly id: number;
  readonly request: CellRequest;
  readonly since: number;
  readonly over: Promise<void>;
  finish(error: CellError | undefined, defined?: readonly string[]): void;
  killed: boolean;
}

/** Runs cells one at a time in the executor, and shows what they say below the right cell. */
export class Execution {
  private executor: Executor | undefined;
  private running: Running | undefined;
  private readonly parents = new Map<number, Header>();
  private readonly streams: Streams;
  private nextId = 1;
  private closing = false;

  constructor(
    private readonly language: Language,
    private readonly publish: Publish,
  ) {
    this.streams = new Streams((cell, name, text) =>
      this.publish("stream", this.parents.get(cell), { name, text }),
    );
    this.executor = this.start();
  }

  /** The request of the cell that runs now. */
  get current(): Header | undefined {
    return this.running?.request.header;
  }

  /** Runs a cell to its end; resolves with its error when it failed. */
  async run(request: CellRequest): Promise<CellError | undefined> {
    const id = this.nextId++;
    const name = request.count > 0 ? `In[${request.count}]` : `In[s${id}]`;
    this.parents.set(id, request.header);
    let error: CellError | undefined;
    try {
      const conversion = await this.language.convert(request.code);
      error =
        conversion.kind === "diagnostics"
          ? describeDiagnostics(name, request.code, conversion.diagnostics)
          : await this.execute(id, request, (executor) =>
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
    this.streams.flush();
    if (error && !request.silent) this.publish("error", request.header, { ...error });
    return error;
  }

  /** Interrupts the cell that runs now; without one, does nothing. */
  async interrupt(): Promise<void> {
    const { running, executor } = this;
    if (!running || !executor) return;
    running.killed = !(await interruptCell(executor, running));
  }

  /** Ends the executor, which runs its exit hooks. */
  async close(deadline: number): Promise<void> {
    this.closing = true;
    await this.executor?.end(deadline);
    this.streams.flush();
  }

  private execute(
    id: number,
    request: CellRequest,
    begin: (executor: Executor) => void,
  ): Promise<CellError | undefined> {
    return new Promise((resolve) => {
      let ended: () => void = () => {};
      const over = new Promise<void>((done) => {
        ended = done;
      });
      const finish = (error: CellError | undefined, defined?: readonly string[]) => {
        this.running = undefined;
        ended();
        void this.language
          .commit(error ? (defined ?? []) : undefined)
          .catch(() => {}) // the engine restarted: it has forgotten the cell anyway
          .then(() => resolve(error));
      };
      this.running = { id, request, since: performance.now(), over, finish, killed: false };
      this.executor ??= this.start();
      begin(this.executor);
    });
  }

  private start(): Executor {
    const executor: Executor = new Executor({
      text: (stream: Stream, cell: number, bytes: Buffer) => this.streams.push(stream, cell, bytes),
      report: (report) => this.hear(report),
      ended: (ending) => this.bury(executor, ending),
    });
    return executor;
  }

  private hear(report: Report): void {
    if (report.kind === "ready") return;
    this.streams.flush();
    const { running } = this;
    const parent = this.parents.get(report.cell);
    switch (report.kind) {
      case "display": {
        const { data, metadata, id, update } = report;
        const transient = id === undefined ? {} : { display_id: id };
        this.publish(update ? "update_display_data" : "display_data", parent, {
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
        this.publish("execute_result", parent, { data: forJson(data), metadata, execution_count });
        return;
      }
      case "done":
        if (running?.id === report.cell) running.finish(report.error, report.defined);
    }
  }

  /** The executor ended: its cell fails, all variables are gone, and a new executor starts. */
  private bury(executor: Executor, ending: Ending): void {
    if (this.executor !== executor) return;
    const { running } = this;
    this.streams.end(running?.id ?? this.nextId - 1);
    this.executor = undefined;
    if (this.closing) return;
    // One that ends before any cell ran would end again: the next cell tries anew.
    if (running || this.nextId > 1) this.executor = this.start();
    void this.language.reset().catch(() => {});
    running?.finish(running.killed ? notAnswered() : lost(ending));
  }
}

const AFTERWARDS = "All variables are gone. A new process is ready: run the cells above again.";

function notAnswered(): CellError {
  const evalue = "the cell did not answer the interrupt, so its process was ended";
  return { ename: "Interrupted", evalue, traceback: [AFTERWARDS, `Interrupted: ${evalue}`] };
}

function lost({ code, signal }: Ending): CellError {
  const how =
    signal === "SIGABRT" || signal === "SIGTRAP"
      ? "it aborted; out of memory, most often (what it said last stands above)"
      : signal
        ? `it was ended by ${signal}`
        : `process.exit(${code}) was called`;
  const evalue = `the process that ran the cell ended: ${how}`;
  return { ename: "ProcessEnded", evalue, traceback: [AFTERWARDS, `ProcessEnded: ${evalue}`] };
}

/** A bundle as JSON can carry it: bytes become base64, as Jupyter wants images. */
function forJson(data: Content): Content {
  return Object.fromEntries(
    Object.entries(data).map(([mime, content]) => [
      mime,
      content instanceof Uint8Array ? Buffer.from(content).toString("base64") : content,
    ]),
  );
}
