import { type Probability, reduced, type UnknownCondition, type UnknownField } from "../../model";
import type { Judge } from "../../routing/judge";
import { FRESH, type KernelState } from "./kernel-state";

/** A random condition that holds with a probability of `threshold` / 2^31 (xt_statistic.c). */
export interface Chance {
  readonly kind: "chance";
  readonly threshold: number;
}

/** Which of the possible results each fork of a stage takes, in the order of the forks. Later forks take the first one. */
export type Trail = readonly number[];

type Devices = Readonly<Partial<Record<"in" | "out", string>>>;

const FULL_THRESHOLD = 0x80000000;
const NO_TRAIL: Trail = [];
const NO_TEXTS: readonly string[] = [];

const withText = (texts: readonly string[], text: string): readonly string[] =>
  texts.includes(text) ? texts : [...texts, text];

/**
 * One branch of a traversal: the kernel state, the facts that it has decided, and its probability.
 *
 * Each stage gets an evaluation of its own, made by {@link next} from that of the previous stage. Only this stage changes
 * it. If a decision has several results, the stage takes the first one; {@link untried} returns the trails of the others,
 * with which the loop runs the same stage again from the same values.
 */
export class Evaluation implements Judge {
  /** Connections and counters of matches, which the stage may replace. */
  state: KernelState;
  readonly unknownFields: ReadonlySet<UnknownField>;
  #facts: ReadonlyMap<string, boolean>;
  #devices: Devices;
  #dependsOn: readonly string[];
  #presumed: readonly string[];
  #drawn: readonly string[];
  #numerator: bigint;
  #denominator: bigint;
  readonly #trail: Trail;
  #forks = 0;
  #untried: Trail[] | undefined;

  private constructor(
    from: Evaluation | undefined,
    trail: Trail,
    state: KernelState,
    unknownFields: ReadonlySet<UnknownField>,
  ) {
    this.state = state;
    this.unknownFields = unknownFields;
    this.#facts = from === undefined ? new Map() : from.#facts;
    this.#devices = from === undefined ? {} : from.#devices;
    this.#dependsOn = from === undefined ? NO_TEXTS : from.#dependsOn;
    this.#presumed = from === undefined ? NO_TEXTS : from.#presumed;
    this.#drawn = from === undefined ? NO_TEXTS : from.#drawn;
    this.#numerator = from === undefined ? 1n : from.#numerator;
    this.#denominator = from === undefined ? 1n : from.#denominator;
    this.#trail = trail;
  }

  /** Creates the evaluation of the first stage. */
  static start(state: KernelState = FRESH, unknownFields: ReadonlySet<UnknownField> = new Set()): Evaluation {
    return new Evaluation(undefined, NO_TRAIL, state, unknownFields);
  }

  /** Copies this evaluation for the next stage, or for another run of the same one. */
  next(trail: Trail = NO_TRAIL): Evaluation {
    return new Evaluation(this, trail, this.state, this.unknownFields);
  }

  get probability(): Probability {
    return reduced(this.#numerator, this.#denominator);
  }

  /** Unknown facts that this branch depends on. */
  get dependsOn(): readonly string[] {
    return this.#dependsOn;
  }

  /** Usual values that this branch used for facts that were not given. */
  get presumed(): readonly string[] {
    return this.#presumed;
  }

  /** Random values that stay unknown on this branch. */
  get drawn(): readonly string[] {
    return this.#drawn;
  }

  /** Whether this stage came to a decision with several results. */
  get hasForked(): boolean {
    return this.#forks > 0;
  }

  /** The trails of all results that this run of the stage did not follow. The last one is the closest to this run. */
  get untried(): readonly Trail[] | undefined {
    return this.#untried;
  }

  /** Returns a fact that is already decided on this branch. */
  fact(key: string): boolean | undefined {
    return this.#facts.get(key);
  }

  known({ key }: UnknownCondition): boolean | undefined {
    if (!key.startsWith("!")) return this.#facts.get(key);
    const opposite = this.#facts.get(key.slice(1));
    return opposite === undefined ? undefined : !opposite;
  }

  /**
   * Follows both answers. On one branch, the same key always has the same answer. A fact and its opposite have the same
   * key, so that one branch never assumes both.
   */
  decide(condition: UnknownCondition): boolean {
    const known = this.known(condition);
    if (known !== undefined) return known;
    const negated = condition.key.startsWith("!");
    const fact = this.#fork(2) === 0;
    const answer = fact !== negated;
    this.#facts = new Map(this.#facts).set(negated ? condition.key.slice(1) : condition.key, fact);
    this.#dependsOn = [...this.#dependsOn, answer ? condition.yes : condition.no];
    return answer;
  }

  assume(text: string): void {
    this.#dependsOn = withText(this.#dependsOn, text);
  }

  presume(text: string): void {
    this.#presumed = withText(this.#presumed, text);
  }

  /** Records a random value that stays unknown and does not affect the path. */
  noteDrawn(text: string): void {
    this.#drawn = withText(this.#drawn, text);
  }

  /** Follows both results of a random condition. */
  draw(chance: Chance): boolean {
    if (chance.threshold <= 0) return false;
    if (chance.threshold >= FULL_THRESHOLD) return true;
    const holds = this.#fork(2) === 0;
    this.#numerator *= BigInt(holds ? chance.threshold : FULL_THRESHOLD - chance.threshold);
    this.#denominator *= BigInt(FULL_THRESHOLD);
    return holds;
  }

  /**
   * Follows each of several branches, with probabilities in proportion to the weights. Skips branches of weight 0.
   *
   * @param what - an assumption to record first.
   */
  pick(weights: readonly bigint[], what?: string): number {
    if (what !== undefined) this.assume(what);
    const total = weights.reduce((sum, weight) => sum + weight, 0n);
    const possible = weights.flatMap((weight, index) => (weight > 0n ? [index] : []));
    const branch = possible[possible.length === 1 ? 0 : this.#fork(possible.length)] ?? 0;
    this.#numerator *= weights[branch] ?? 1n;
    this.#denominator *= total;
    return branch;
  }

  /** Returns the name of an unknown device that a match on this branch has assumed. */
  device(side: "in" | "out"): string | undefined {
    return this.#devices[side];
  }

  assumeDevice(side: "in" | "out", name: string): void {
    this.#devices = { ...this.#devices, [side]: name };
  }

  get devices(): Devices {
    return this.#devices;
  }

  /** Replaces the assumed devices, because another packet is followed from here. */
  set devices(devices: Devices) {
    this.#devices = devices;
  }

  #fork(count: number): number {
    const at = this.#forks++;
    const given = this.#trail[at];
    if (given !== undefined) return given;
    const taken = Array.from({ length: at }, (_, fork) => this.#trail[fork] ?? 0);
    this.#untried ??= [];
    for (let other = count - 1; other > 0; other--) this.#untried.push([...taken, other]);
    return 0;
  }
}
