import path from "node:path";
import vm from "node:vm";
import { type CellProgram, LOOP_GUARD } from "../language/engine";
import type { OrderedWriter } from "../link/output-order";
import type { Command } from "../link/protocol";
import { CellRun, inCell } from "./cell-run";
import { render } from "./display";
import { describeError } from "./error-report";
import { flag } from "./interrupt-flag";
import { Interrupted, isInterruption } from "./interrupted";
import { guard, releaseLoops } from "./loop-guard";
import type { CellModules } from "./modules";
import { registerCell } from "./source-positions";

/** How long an interrupted cell may take to end by itself (its signal is aborted) before it is ended. */
const INTERRUPT_GRACE_MS = 250;

type RunCommand = Command & { kind: "run" };

const ARGUMENTS = Symbol.for("wirebook-kernel.arguments");
const PARAMETERS = ["exports", "require", "__filename", "__dirname", LOOP_GUARD].join(", ");

/** Runs cells, one at a time. All cells share one set of variables. */
export class Cells {
  readonly #folder: string;
  readonly #modules: CellModules;
  readonly #output: OrderedWriter;
  readonly #variables: Record<string, unknown> = {};
  #running: CellRun | undefined;

  constructor(folder: string, modules: CellModules, output: OrderedWriter) {
    this.#folder = folder;
    this.#modules = modules;
    this.#output = output;
  }

  /** Runs a cell and reports its result or its error. Never rejects. */
  async run(command: RunCommand): Promise<void> {
    const run = new CellRun(command.cell, command.name);
    this.#running = run;
    this.#output.assignChildOutput(run.id);
    let failure: { readonly thrown: unknown } | undefined;
    try {
      await Promise.race([inCell(run, () => this.#perform(run, command)), run.forcedEnd]);
    } catch (thrown) {
      failure = { thrown };
    }
    run.end();
    this.#running = undefined;
    releaseLoops(run.id);
    const interrupted = run.interrupted || Atomics.load(flag, 0) === run.id;
    const thrown = failure && interrupted ? interruption(failure.thrown) : failure?.thrown;
    this.#output.frame(run.id, {
      kind: "done",
      defined: [...run.defined],
      error: failure ? describeError(thrown) : undefined,
    });
  }

  interrupt(cell: number): void {
    if (this.#running?.id === cell) this.#running.interrupt(INTERRUPT_GRACE_MS);
  }

  async #perform(run: CellRun, { name, source, program }: RunCommand): Promise<void> {
    this.#modules.add(program.modules);
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
    if (Object.keys(bundle.data).length > 0) this.#output.frame(run.id, { kind: "result", ...bundle });
  }

  /** Runs the code. `breakOnSigint` lets SIGINT end its synchronous part where no loop guard can. */
  #evaluate(name: string, { code, awaits }: CellProgram, exported: object): unknown {
    const prefix = `(${awaits ? "async " : ""}function (${PARAMETERS}) { `;
    const script = new vm.Script(
      `${prefix}${code}\n}).apply(undefined, globalThis[Symbol.for("wirebook-kernel.arguments")])`,
      {
        filename: name,
        columnOffset: -prefix.length,
      },
    );
    const file = path.join(this.#folder, `${name}.ts`);
    const values = [exported, this.#modules.requireFrom(this.#folder), file, this.#folder, guard];
    Object.defineProperty(globalThis, ARGUMENTS, { configurable: true, value: values });
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
