import path from "node:path";
import vm from "node:vm";
import { type CellProgram, LOOP_GUARD } from "../language/engine";
import type { Command } from "../link/protocol";
import type { TurnWriter } from "../link/turns";
import { render } from "./display";
import { describeFailure } from "./failure";
import { flag } from "./flag";
import { guard, releaseLoops } from "./guard";
import { Interrupted, isInterruption } from "./interrupted";
import type { CellModules } from "./modules";
import { rememberCell } from "./origins";
import { CellRun, inCell } from "./run";

/** How long an interrupted cell may end by itself (its signal is aborted) before its wait is given up. */
const GRACE = 250;

const ARGUMENTS = Symbol.for("wirebook-kernel.arguments");
const NAMES = ["exports", "require", "__filename", "__dirname", LOOP_GUARD].join(", ");

/** Runs cells, one at a time, over one set of variables. */
export class Cells {
  private readonly variables: Record<string, unknown> = {};
  private running: CellRun | undefined;

  constructor(
    private readonly folder: string,
    private readonly modules: CellModules,
    private readonly turns: TurnWriter,
  ) {}

  /** Runs a cell and reports its result or its one error. Never rejects. */
  async run(command: Command & { kind: "run" }): Promise<void> {
    const run = new CellRun(command.cell, command.name);
    this.running = run;
    this.turns.settle(run.id);
    let failure: { readonly thrown: unknown } | undefined;
    try {
      await Promise.race([inCell(run, () => this.perform(run, command)), run.cut]);
    } catch (thrown) {
      failure = { thrown };
    }
    run.end();
    this.running = undefined;
    releaseLoops(run.id);
    const interrupted = run.interrupted || Atomics.load(flag, 0) === run.id;
    const thrown = failure && interrupted ? interruption(failure.thrown) : failure?.thrown;
    this.turns.frame(run.id, {
      kind: "done",
      defined: [...run.defined],
      error: failure ? describeFailure(thrown) : undefined,
    });
  }

  interrupt(cell: number): void {
    if (this.running?.id === cell) this.running.interrupt(GRACE);
  }

  private async perform(run: CellRun, { name, source, program }: Command & { kind: "run" }): Promise<void> {
    this.modules.add(program.modules);
    rememberCell(name, source, program.code, program.maps);
    const exported = this.exportsOf(run);
    await this.evaluate(name, program, exported);
    const { resultName } = program;
    if (resultName !== undefined) {
      const value = this.variables[resultName];
      delete this.variables[resultName];
      run.defined.delete(resultName);
      // `() => 1` got its name from the variable that held the result.
      if (typeof value === "function" && value.name === resultName)
        Object.defineProperty(value, "name", { value: "", configurable: true });
      if (value !== undefined) await this.show(run, value);
    }
    while (run.displays) await run.displays;
  }

  private async show(run: CellRun, value: unknown): Promise<void> {
    const made = render(value);
    const bundle = made instanceof Promise ? await made : made;
    while (run.displays) await run.displays;
    if (Object.keys(bundle.data).length > 0) this.turns.frame(run.id, { kind: "result", ...bundle });
  }

  /** The synchronous part runs under `breakOnSigint`: what no loop guard reaches still ends by Ctrl-C's signal. */
  private evaluate(name: string, { code, awaits }: CellProgram, exported: object): unknown {
    const prefix = `(${awaits ? "async " : ""}function (${NAMES}) { `;
    const script = new vm.Script(
      `${prefix}${code}\n}).apply(undefined, globalThis[Symbol.for("wirebook-kernel.arguments")])`,
      {
        filename: name,
        columnOffset: -prefix.length,
      },
    );
    const file = path.join(this.folder, `${name}.ts`);
    const values = [exported, this.modules.requireFrom(this.folder), file, this.folder, guard];
    Object.defineProperty(globalThis, ARGUMENTS, { configurable: true, value: values });
    return script.runInThisContext({ breakOnSigint: true });
  }

  /**
   * What cells see as `exports`: the variables of all cells. Named imports arrive by `defineProperty`
   * with a getter; they become plain values, so that a later cell can declare the name anew.
   */
  private exportsOf(run: CellRun): object {
    return new Proxy(this.variables, {
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

/** What an interrupted cell failed with: the interrupt, or what the interrupt led to as its cause. */
function interruption(thrown: unknown): unknown {
  if (thrown instanceof Interrupted) return thrown;
  return isInterruption(thrown) ? new Interrupted() : new Interrupted({ cause: thrown });
}
