import { performance } from "node:perf_hooks";
import type { Engine } from "../../lib/engine";

/** One line of the table. A ratio compares with the peer in the same run. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "MB" | "kB";
  readonly peer?: { readonly name: string; readonly value: number };
  /** At most that; for the ratio where there is one and nothing else is said. */
  readonly limit?: number;
  readonly limits?: "value";
  /** What the numbers do not say: why a peer is not compared with. */
  readonly note?: string;
}

/** What a part of the bench stands on. */
export interface Bench {
  /** The engine that the docker command would use; asked for by the parts that need one. */
  engine(): Promise<Engine>;
  /** Tells what is under way, while it takes longer than a second. */
  run<T>(what: string, action: () => Promise<T>): Promise<T>;
  /** Called when the bench ends before its time; what it returns takes the call back. */
  onEnd(action: () => Promise<void>): () => void;
}

/** A part of the bench: its lines as they are measured. */
export type Part = (bench: Bench) => AsyncIterable<Measure> | Iterable<Measure>;

/** Milliseconds that `action` takes. */
export async function took(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Times by name, ours and a peer's by turns, so that both see the same load; what counts is the median. */
export class Times {
  readonly #all = new Map<string, number[]>();

  note(name: string, milliseconds: number): void {
    const known = this.#all.get(name);
    if (known) known.push(milliseconds);
    else this.#all.set(name, [milliseconds]);
  }

  /** Measures `action`, as one more time of that name. */
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
