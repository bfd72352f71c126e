import type { Probability, UnknownCondition } from "../model";

/** A random draw of `threshold` out of 2^31 (xt_statistic). */
export interface Chance {
  readonly kind: "chance";
  readonly threshold: number;
}

interface Fork {
  readonly weights: readonly bigint[] | undefined;
  taken: number;
}

const DRAW = 0x80000000;

/**
 * Walks a tree of choices by running the same pure computation again and again: each run takes the first way at every
 * fork it has not met, and `advance` moves on to the next combination, depth first, until none is left.
 */
export class BranchExplorer {
  readonly #trail: Fork[] = [];
  #at = 0;
  #facts = new Map<string, boolean>();
  #dependsOn: string[] = [];
  #presumed: string[] = [];
  #drawn: string[] = [];
  #numerator = 1n;
  #denominator = 1n;

  /** Starts a run. */
  begin(): void {
    this.#at = 0;
    this.#facts = new Map();
    this.#dependsOn = [];
    this.#presumed = [];
    this.#drawn = [];
    this.#numerator = 1n;
    this.#denominator = 1n;
  }

  /** Moves to the next combination. False when all have been run. */
  advance(): boolean {
    this.#trail.length = Math.min(this.#trail.length, this.#at);
    for (let last = this.#trail.pop(); last !== undefined; last = this.#trail.pop()) {
      const count = last.weights?.length ?? 2;
      if (last.taken + 1 < count) {
        this.#trail.push({ weights: last.weights, taken: last.taken + 1 });
        return true;
      }
    }
    return false;
  }

  get probability(): Probability {
    const divisor = gcd(this.#numerator, this.#denominator);
    return { numerator: this.#numerator / divisor, denominator: this.#denominator / divisor };
  }

  get dependsOn(): readonly string[] {
    return this.#dependsOn;
  }

  /** What is already settled in this run. */
  known(key: string): boolean | undefined {
    return this.#facts.get(key);
  }

  /** Both answers are followed, yes first; within one run the same key has one answer. */
  decide(condition: UnknownCondition): boolean {
    const known = this.#facts.get(condition.key);
    if (known !== undefined) return known;
    const answer = this.#fork(undefined) === 0;
    this.#facts.set(condition.key, answer);
    this.#dependsOn.push(answer ? condition.yes : condition.no);
    return answer;
  }

  /** Settles a fact for the rest of this run without a fork. */
  settle(key: string, answer: boolean): void {
    this.#facts.set(key, answer);
  }

  /** Names something the outcome rests on that cannot be followed both ways. */
  assume(text: string): void {
    if (!this.#dependsOn.includes(text)) this.#dependsOn.push(text);
  }

  get presumed(): readonly string[] {
    return this.#presumed;
  }

  /** Names something that was not given and is taken as it most often is: the outcome is certain under it. */
  presume(text: string): void {
    if (!this.#presumed.includes(text)) this.#presumed.push(text);
  }

  get drawn(): readonly string[] {
    return this.#drawn;
  }

  /** Names a value that is drawn at random and stays unknown; the way itself does not rest on it. */
  noteDrawn(text: string): void {
    if (!this.#drawn.includes(text)) this.#drawn.push(text);
  }

  draw(chance: Chance): boolean {
    if (chance.threshold <= 0) return false;
    if (chance.threshold >= DRAW) return true;
    return this.pick([BigInt(chance.threshold), BigInt(DRAW - chance.threshold)]) === 0;
  }

  /** One of several ways, with weights that say how likely each is. Ways of weight 0 are never taken. */
  pick(weights: readonly bigint[]): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0n);
    const possible = weights.flatMap((weight, way) => (weight > 0n ? [way] : []));
    const taken = possible.length === 1 ? 0 : this.#fork(possible.map((way) => weights[way] ?? 0n));
    const way = possible[taken] ?? 0;
    this.#numerator *= weights[way] ?? 1n;
    this.#denominator *= total;
    return way;
  }

  #fork(weights: readonly bigint[] | undefined): number {
    const met = this.#trail[this.#at];
    this.#at++;
    if (met !== undefined) return met.taken;
    this.#trail.push({ weights, taken: 0 });
    return 0;
  }
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}

export function multiply(a: Probability, b: Probability): Probability {
  const numerator = a.numerator * b.numerator;
  const denominator = a.denominator * b.denominator;
  const divisor = gcd(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}
