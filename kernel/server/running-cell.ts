import type { Bundle, CellError } from "../link/protocol";
import type { Header } from "../wire/message";

/** A cell to be run. */
export interface CellRequest {
  readonly header: Header;
  readonly code: string;
  /** The cell's execution count, as in `In[3]`; 0 for a silent cell. */
  readonly count: number;
  /** A silent cell publishes nothing. */
  readonly silent: boolean;
  /** The front end's identifier of the cell, if it sends one. It stays the same when the cell is run again. */
  readonly cellId?: string;
  /** Asks the user for a line of text. Undefined when the front end cannot do that. */
  readonly requestInput?: (prompt: string, password: boolean) => void;
}

/** What a cell waits for: the language engine, a new executor, its own code, or the engine again. */
type Phase = "converting" | "starting" | "running" | "committing";

/** A cell's name in messages and stack traces, such as `In[3]`. */
export function cellName(id: number, { count }: CellRequest): string {
  return count > 0 ? `In[${count}]` : `In[s${id}]`;
}

/** A cell from its start to its end. */
export class RunningCell {
  readonly id: number;
  readonly name: string;
  readonly request: CellRequest;
  readonly ended: Promise<CellError | undefined>;
  /** Resolves when the executor no longer runs its code. */
  readonly codeEnded: Promise<void>;
  readonly lateErrors: string[] = [];
  phase: Phase = "converting";
  startedMs = performance.now();
  result?: Bundle;
  interrupting = false;
  killed = false;
  /** How many of its requests for input were not answered yet. */
  pendingInputs = 0;
  readonly #onEnd: () => void;
  #end: (error: CellError | undefined) => void = () => {};
  #markCodeEnded: () => void = () => {};
  #finished = false;

  /** @param onEnd - called once, when the cell ends. */
  constructor(id: number, request: CellRequest, onEnd: () => void) {
    this.id = id;
    this.name = cellName(id, request);
    this.request = request;
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.codeEnded = new Promise((resolve) => {
      this.#markCodeEnded = resolve;
    });
  }

  get finished(): boolean {
    return this.#finished;
  }

  markCodeEnded(): void {
    this.#markCodeEnded();
  }

  finish(error?: CellError): void {
    if (this.#finished) return;
    this.#markCodeEnded();
    this.#finished = true;
    this.#onEnd();
    this.#end(error);
  }
}
