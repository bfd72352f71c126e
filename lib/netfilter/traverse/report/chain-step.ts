import { describeRule } from "../../describe";
import type { Hook, Packet, Rule, Step, TableName, UnmatchedRule } from "../../model";
import { effectOf } from "./effect";

/** The location of a step, common to all steps of one run through a table. */
export interface TablePlace {
  readonly place: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly variant: "legacy" | "nft" | undefined;
  readonly in: string | undefined;
  readonly out: string | undefined;
}

const NONE: readonly UnmatchedRule[] = [];

/**
 * Base class of all steps in a chain. A class instead of a literal, because getters compute expensive properties (the
 * rules that did not match, the description) only when they are read. Paths have dozens of steps.
 */
abstract class ChainStep {
  readonly place: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  readonly before: Packet;
  readonly after: Packet;
  declare readonly in?: string;
  declare readonly out?: string;
  declare readonly variant?: "legacy" | "nft";
  #unmatched: readonly UnmatchedRule[] | (() => readonly UnmatchedRule[]);

  constructor(
    location: TablePlace,
    chain: string,
    before: Packet,
    after: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
  ) {
    this.place = location.place;
    this.hook = location.hook;
    this.table = location.table;
    this.chain = chain;
    this.before = before;
    this.after = after;
    if (location.in !== undefined) this.in = location.in;
    if (location.out !== undefined) this.out = location.out;
    if (location.variant !== undefined) this.variant = location.variant;
    this.#unmatched = unmatched ?? NONE;
  }

  get unmatched(): readonly UnmatchedRule[] {
    if (typeof this.#unmatched === "function") this.#unmatched = this.#unmatched();
    return this.#unmatched;
  }

  /** Includes the getters, which JSON.stringify ignores. */
  toJSON(): object {
    return { ...this, unmatched: this.unmatched };
  }
}

/** A rule that matched. */
export class RuleStep extends ChainStep {
  readonly kind = "rule";
  readonly rule: Rule;
  declare readonly because?: string;

  constructor(
    location: TablePlace,
    chain: string,
    before: Packet,
    after: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    rule: Rule,
    because: string | undefined,
  ) {
    super(location, chain, before, after, unmatched);
    this.rule = rule;
    if (because !== undefined) this.because = because;
  }

  get effect(): string {
    return effectOf(this.rule.action);
  }

  get words(): string {
    return describeRule(this.rule);
  }

  override toJSON(): object {
    return { ...super.toJSON(), effect: this.effect, words: this.words };
  }
}

/** A rule whose match dropped the packet (par->hotdrop). */
export class HotdropStep extends RuleStep {
  readonly hotdrop = true;

  override get effect(): string {
    return "drop";
  }
}

/** The return from a user-defined chain. */
export class ReturnStep extends ChainStep {
  readonly kind = "return";
  readonly to: string;
  declare readonly rule?: Rule;

  constructor(
    location: TablePlace,
    chain: string,
    packet: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    to: string,
    rule: Rule | undefined,
  ) {
    super(location, chain, packet, packet, unmatched);
    this.to = to;
    if (rule !== undefined) this.rule = rule;
  }
}

/** The policy of a base chain. */
export class PolicyStep extends ChainStep {
  readonly kind = "policy";
  readonly policy: "ACCEPT" | "DROP";

  constructor(
    location: TablePlace,
    chain: string,
    packet: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    policy: "ACCEPT" | "DROP",
  ) {
    super(location, chain, packet, packet, unmatched);
    this.policy = policy;
  }
}

/**
 * Compile-time check that these classes implement the model's steps.
 *
 * @public Nothing uses it at run time.
 */
export type KnownSteps = [RuleStep, ReturnStep, PolicyStep] extends [Step, Step, Step] ? true : never;
