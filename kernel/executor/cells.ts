import path from "node:path";
import vm from "node:vm";
import type { CellProgram } from "../language/engine";
import type { OrderedWriter } from "../link/output-order";
import type { Command } from "../link/protocol";
import { CellRun, inCell } from "./cell-run";
import { CELL_TIMERS } from "./cell-timers";
import { render } from "./display";
import { describeError } from "./error-report";
import { flag } from "./interrupt-flag";
import { Interrupted, isInterruption } from "./interrupted";
import type { CellModules } from "./modules";
import { registerCell } from "./source-positions";

type RunCommand = Command & { kind: "run" };

const ARGUMENTS = Symbol.for("wirebook-kernel.arguments");
const CELL_GLOBALS = [...Object.keys(CELL_TIMERS), "Deno"].join(", ");

/** Runs cells, one at a time. All cells share one set of variables. */
export class Cells {
  readonly #folder: string;
  readonly #modules: CellModules;
  readonly #output: OrderedWriter;
  readonly #deno: object;
  readonly #variables: Record<string, unknown> = {};
  #running: CellRun | undefined;

  /**
   * @param folder - the notebook's folder.
   * @param deno - the global `Deno` of cells. Packages do not see it, because they would take it for Deno itself.
   */
  constructor(folder: string, modules: CellModules, output: OrderedWriter, deno: object) {
    this.#folder = folder;
    this.#modules = modules;
    this.#output = output;
    this.#deno = deno;
  }

  /** Runs a cell and reports its result or its error. */
  start(command: RunCommand): void {
    const run = new CellRun(command.cell, command.name, command.key, command.allowsInput);
    this.#running = run;
    // The code runs outside of the callback that received the command, so that V8 can terminate it separately.
    setImmediate(() => void this.#run(run, command));
  }

  interrupt(cell: number): void {
    if (this.#running?.id === cell) this.#running.interrupt();
  }

  /** Never rejects. */
  async #run(run: CellRun, command: RunCommand): Promise<void> {
    this.#output.assignChildOutput(run.id);
    let failure: { readonly thrown: unknown } | undefined;
    try {
      if (run.interrupted) throw new Interrupted();
      await Promise.race([inCell(run, () => this.#perform(run, command)), run.forcedEnd]);
    } catch (thrown) {
      failure = { thrown };
    }
    run.end(failure !== undefined);
    this.#running = undefined;
    flag.release(run.id);
    const interrupted = run.interrupted || flag.cell === run.id;
    const thrown = failure && interrupted ? interruption(failure.thrown) : failure?.thrown;
    this.#output.frame(run.id, {
      kind: "done",
      defined: [...run.defined],
      error: failure ? describeError(thrown) : undefined,
    });
  }

  async #perform(run: CellRun, { name, source, program }: RunCommand): Promise<void> {
    await this.#modules.add(program.modules);
    await this.#modules.prepare(program.imports, this.#folder);
    registerCell(name, source, program.code, program.maps);
    const exported = this.#exportsOf(run);
    await this.#evaluate(name, program, exported);
    const { resultName } = program;
    if (resultName !== undefined) {
      const value = this.#variables[resultName];
      delete this.#variables[resultName];
      run.defined.delete(resultName);
      // JavaScript names an anonymous function such as `() => 1` after the variable that held the result.
      if (typeof value === "function" && value.name === resultName)
        Object.defineProperty(value, "name", { value: "", configurable: true });
      if (value !== undefined) await this.#show(run, value);
    }
    while (run.displays) await run.displays;
  }

  async #show(run: CellRun, value: unknown): Promise<void> {
    const rendered = render(value);
    const bundle = rendered instanceof Promise ? await rendered : rendered;
    while (run.displays) await run.displays;
    if (run.running && Object.keys(bundle.data).length > 0)
      this.#output.frame(run.id, { kind: "result", ...bundle });
  }

  /**
   * Runs the code of a cell. An interrupt (SIGINT) ends it between two rounds of a loop, where the conversion inserted calls
   * of `loopGuard`. Node's option `breakOnSigint` also ends synchronous code without a loop.
   */
  #evaluate(name: string, { code, awaits, imports }: CellProgram, exported: object): unknown {
    const file = path.join(this.#folder, `${name}.ts`);
    const scope = { exports: exported, ...this.#modules.scope(file, imports) };
    const parameters = Object.keys(scope).join(", ");
    // These globals are parameters of an outer function, because a cell may declare the same names.
    const prefix = `(function (${CELL_GLOBALS}) { return (${awaits ? "async " : ""}function (${parameters}) { `;
    const suffix = `\n}).apply(undefined, arguments[arguments.length - 1]) })`;
    const script = new vm.Script(
      `${prefix}${code}${suffix}.apply(undefined, globalThis[Symbol.for("wirebook-kernel.arguments")])`,
      { filename: name, columnOffset: -prefix.length },
    );
    Object.defineProperty(globalThis, ARGUMENTS, {
      configurable: true,
      value: [...Object.values(CELL_TIMERS), this.#deno, Object.values(scope)],
    });
    return script.runInThisContext({ breakOnSigint: true });
  }

  /**
   * The `exports` object of a cell: the variables of all cells. Compiled code defines named imports as
   * getters. They are stored as plain values here, so that a later cell can declare the same name.
   */
  #exportsOf(run: CellRun): object {
    return new Proxy(this.#variables, {
      set: (target, name, value) => {
        if (typeof name === "string" && !run.defined.has(name) && run.running) run.defined.add(name);
        return Reflect.set(target, name, value);
      },
      defineProperty: (target, name, { get, value }) => {
        if (name === "__esModule") return true;
        if (typeof name === "string") run.defined.add(name);
        return Reflect.set(target, name, get ? get() : value);
      },
    });
  }
}

/** The error of an interrupted cell. An error that the interrupt led to becomes its cause. */
function interruption(thrown: unknown): unknown {
  if (thrown instanceof Interrupted) return thrown;
  return isInterruption(thrown) ? new Interrupted() : new Interrupted({ cause: thrown });
}
