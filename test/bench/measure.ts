import { performance } from "node:perf_hooks";
import type { Engine } from "../../lib/engine";

/** One line of the table. The ratio is to the peer, measured in the same run. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "MB" | "kB";
  readonly peer?: { readonly name: string; readonly value: number };
  /** Upper limit; applies to the ratio if there is a peer, unless `limits` says otherwise. */
  readonly limit?: number;
  readonly limits?: "value";
  /** A remark, for example why there is no comparison. */
  readonly note?: string;
}

/** The environment of a part of the bench. */
export interface Bench {
  /** Connects to the engine that the docker command would use. */
  engine(): Promise<Engine>;
  /** Runs an action, and prints its name if it takes longer than a second. */
  run<T>(what: string, action: () => Promise<T>): Promise<T>;
  /** Registers a clean-up function for an interrupted run. Returns a function that removes it. */
  onEnd(action: () => Promise<void>): () => void;
}

/** A part of the bench. Yields each line as soon as it is measured. */
export type Part = (bench: Bench) => AsyncIterable<Measure> | Iterable<Measure>;

/** Returns the duration of `action` in milliseconds. */
export async function took(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Durations by name. Ours and the peer's are measured alternately, under the same load, and compared by median. */
export class Times {
  readonly #all = new Map<string, number[]>();

  note(name: string, milliseconds: number): void {
    const known = this.#all.get(name);
    if (known) known.push(milliseconds);
    else this.#all.set(name, [milliseconds]);
  }

  /** Measures `action` and adds its duration under `name`. */
  async take(name: string, action: () => Promise<unknown>): Promise<void> {
    this.note(name, await took(action));
  }

  median(name: string): number {
    const sorted = [...(this.#all.get(name) ?? [])].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
    return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
  }

  worst(name: string): number {
    return Math.max(...(this.#all.get(name) ?? [Number.NaN]));
  }
}
