import { type Probability, reduced, type UnknownCondition } from "../model";

/** A random condition that holds with a probability of `threshold` / 2^31 (xt_statistic.c). */
export interface Chance {
  readonly kind: "chance";
  readonly threshold: number;
}

interface Fork {
  readonly weights: readonly bigint[] | undefined;
  taken: number;
}

const FULL_THRESHOLD = 0x80000000;

/**
 * Explores all branches of a computation by running it repeatedly. Each run takes the first branch at a fork that it has
 * not reached before. `advance` selects the next combination of branches, depth first, until all have been run.
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

  /** Selects the next combination of branches. Returns false if all have been run. */
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
    return reduced(this.#numerator, this.#denominator);
  }

  /** Unknown facts that this run depends on. */
  get dependsOn(): readonly string[] {
    return this.#dependsOn;
  }

  /** Returns a fact that is already decided in this run. */
  known(key: string): boolean | undefined {
    return this.#facts.get(key);
  }

  /** Follows both answers, yes first. Within one run, the same key always has the same answer. */
  decide(condition: UnknownCondition): boolean {
    const known = this.#facts.get(condition.key);
    if (known !== undefined) return known;
    const answer = this.#fork(undefined) === 0;
    this.#facts.set(condition.key, answer);
    this.#dependsOn.push(answer ? condition.yes : condition.no);
    return answer;
  }

  /** Sets a fact for the rest of this run without a fork. */
  settle(key: string, answer: boolean): void {
    this.#facts.set(key, answer);
  }

  /** Records an assumption that is not followed both ways. The outcome is then not certain. */
  assume(text: string): void {
    if (!this.#dependsOn.includes(text)) this.#dependsOn.push(text);
  }

  /** Usual values that this run used for facts that were not given. */
  get presumed(): readonly string[] {
    return this.#presumed;
  }

  /** Records a usual value that was used because the value was not given. The outcome stays certain. */
  presume(text: string): void {
    if (!this.#presumed.includes(text)) this.#presumed.push(text);
  }

  /** Random values that stay unknown in this run. */
  get drawn(): readonly string[] {
    return this.#drawn;
  }

  /** Records a random value that stays unknown and does not affect the path. */
  noteDrawn(text: string): void {
    if (!this.#drawn.includes(text)) this.#drawn.push(text);
  }

  /** Follows both results of a random condition. */
  draw(chance: Chance): boolean {
    if (chance.threshold <= 0) return false;
    if (chance.threshold >= FULL_THRESHOLD) return true;
    return this.pick([BigInt(chance.threshold), BigInt(FULL_THRESHOLD - chance.threshold)]) === 0;
  }

  /** Follows each of several branches, with probabilities in proportion to the weights. Skips branches of weight 0. */
  pick(weights: readonly bigint[]): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0n);
    const possible = weights.flatMap((weight, index) => (weight > 0n ? [index] : []));
    const taken = possible.length === 1 ? 0 : this.#fork(possible.map((index) => weights[index] ?? 0n));
    const branch = possible[taken] ?? 0;
    this.#numerator *= weights[branch] ?? 1n;
    this.#denominator *= total;
    return branch;
  }

  #fork(weights: readonly bigint[] | undefined): number {
    const met = this.#trail[this.#at];
    this.#at++;
    if (met !== undefined) return met.taken;
    this.#trail.push({ weights, taken: 0 });
    return 0;
  }
}
