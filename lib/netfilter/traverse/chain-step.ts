import { describeRule } from "../describe";
import type { Hook, Packet, Rule, Step, TableName, UnmatchedRule } from "../model";
import { effectOf } from "./effect";

/** Where in the tables a step happened: the same for all steps of one run through a table. */
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
 * What all steps in a chain have. A class and not a literal: paths have dozens of steps, and what nobody may ever read
 * (the rules tried, the words) is made when it is read.
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
    where: TablePlace,
    chain: string,
    before: Packet,
    after: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
  ) {
    this.place = where.place;
    this.hook = where.hook;
    this.table = where.table;
    this.chain = chain;
    this.before = before;
    this.after = after;
    if (where.in !== undefined) this.in = where.in;
    if (where.out !== undefined) this.out = where.out;
    if (where.variant !== undefined) this.variant = where.variant;
    this.#unmatched = unmatched ?? NONE;
  }

  get unmatched(): readonly UnmatchedRule[] {
    if (typeof this.#unmatched === "function") this.#unmatched = this.#unmatched();
    return this.#unmatched;
  }

  /** A plain value with everything in it: getters are not seen by JSON. */
  toJSON(): object {
    return { ...this, unmatched: this.unmatched };
  }
}

export class RuleStep extends ChainStep {
  readonly kind = "rule";
  readonly rule: Rule;
  declare readonly because?: string;

  constructor(
    where: TablePlace,
    chain: string,
    before: Packet,
    after: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    rule: Rule,
    because: string | undefined,
  ) {
    super(where, chain, before, after, unmatched);
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

/** A rule whose condition dropped the packet by itself. */
export class HotdropStep extends RuleStep {
  readonly hotdrop = true;

  override get effect(): string {
    return "drop";
  }
}

export class ReturnStep extends ChainStep {
  readonly kind = "return";
  readonly to: string;
  declare readonly rule?: Rule;

  constructor(
    where: TablePlace,
    chain: string,
    packet: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    to: string,
    rule: Rule | undefined,
  ) {
    super(where, chain, packet, packet, unmatched);
    this.to = to;
    if (rule !== undefined) this.rule = rule;
  }
}

export class PolicyStep extends ChainStep {
  readonly kind = "policy";
  readonly policy: "ACCEPT" | "DROP";

  constructor(
    where: TablePlace,
    chain: string,
    packet: Packet,
    unmatched: (() => readonly UnmatchedRule[]) | undefined,
    policy: "ACCEPT" | "DROP",
  ) {
    super(where, chain, packet, packet, unmatched);
    this.policy = policy;
  }
}

/** The compiler's proof that these are the steps of the model. */
export type KnownSteps = [RuleStep, ReturnStep, PolicyStep] extends [Step, Step, Step] ? true : never;
