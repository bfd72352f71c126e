import type { Outcome, Packet, Probability, Step, Traversal } from "../../model";

/** A traversal as plain data for other programs, as printed by `wirebook trace --json`. */
export interface TraversalJson {
  readonly outcomes: readonly OutcomeJson[];
  readonly truncated?: true;
  readonly warnings?: readonly string[];
}

/** One outcome as plain data. */
interface OutcomeJson {
  readonly probability: number;
  /** The exact probability: `1/3`. */
  readonly fraction: string;
  readonly certain: boolean;
  readonly dependsOn: readonly string[];
  /** Usual values used for facts that were not given. */
  readonly assumed?: readonly string[];
  /** Values that the kernel chooses at random, such as a port that `packet` does not have. */
  readonly drawn?: readonly string[];
  readonly verdict: string;
  readonly packet: PacketJson;
  /** Every rule that matched and every policy that applied, in order. */
  readonly steps: readonly StepJson[];
  /** All steps, including conntrack, routing and NAT. */
  readonly path: readonly TraversalStepJson[];
  /** Packets that the host sent because of this one. */
  readonly caused?: readonly {
    readonly packet: PacketJson;
    readonly verdict: string;
    readonly steps: readonly StepJson[];
  }[];
}

type PacketJson = Omit<Packet, "payload" | "owner">;

interface StepJson {
  readonly hook: string;
  readonly table: string;
  readonly chain: string;
  /** Null for a policy. */
  readonly rule: string | null;
  readonly line: number | null;
  readonly effect: string;
}

interface TraversalStepJson {
  readonly kind: Step["kind"];
  readonly place: string;
  readonly text: string;
}

/** Formats a probability: `1` or `1/3`. */
export function fractionText({ numerator, denominator }: Probability): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}

/** Converts a probability to a number. Also works if numerator and denominator exceed the range of a double. */
export function probabilityNumber({ numerator, denominator }: Probability): number {
  const scale = 10n ** 18n;
  return Number((numerator * scale) / denominator) / 1e18;
}

function packetJson(packet: Packet): PacketJson {
  const { payload: _payload, owner: _owner, ...rest } = packet;
  return rest;
}

/** Describes a step in one line. */
function stepText(step: Step): string {
  switch (step.kind) {
    case "rule":
      return `${step.hook} ${step.table} ${step.chain}: ${step.rule.text} (${step.effect})`;
    case "return":
      return `${step.hook} ${step.table} ${step.chain}: back to ${step.to}`;
    case "policy":
      return `${step.hook} ${step.table} ${step.chain}: policy ${step.policy}`;
    case "conntrack":
      return `${step.hook} conntrack ${step.state}: ${step.text}`;
    case "nat":
      return `${step.hook} ${step.text}`;
    case "routing":
    case "link":
      return step.text;
    case "end":
      return `${step.verdict}: ${step.text}`;
  }
}

function ruleSteps(steps: readonly Step[]): StepJson[] {
  return steps.flatMap((step): StepJson[] => {
    if (step.kind === "policy") {
      const { hook, table, chain } = step;
      return [{ hook, table, chain, rule: null, line: null, effect: `policy ${step.policy}` }];
    }
    if (step.kind !== "rule" && step.kind !== "return") return [];
    if (step.rule === undefined) return [];
    const { hook, table, chain, rule } = step;
    return [
      {
        hook,
        table,
        chain,
        rule: rule.text,
        line: rule.line,
        effect: step.kind === "rule" ? step.effect : "return",
      },
    ];
  });
}

function outcomeJson(outcome: Outcome): OutcomeJson {
  const { caused } = outcome;
  return {
    probability: probabilityNumber(outcome.probability),
    fraction: fractionText(outcome.probability),
    certain: outcome.certain,
    dependsOn: outcome.dependsOn,
    ...(outcome.assumed === undefined ? {} : { assumed: outcome.assumed }),
    ...(outcome.drawn === undefined ? {} : { drawn: outcome.drawn }),
    verdict: outcome.verdict,
    packet: packetJson(outcome.packet),
    steps: ruleSteps(outcome.steps),
    path: outcome.steps.map((step) => ({ kind: step.kind, place: step.place, text: stepText(step) })),
    ...(caused === undefined
      ? {}
      : {
          caused: caused.map(({ packet, verdict, steps }) => ({
            packet: packetJson(packet),
            verdict,
            steps: ruleSteps(steps),
          })),
        }),
  };
}

/** Converts a traversal to plain data. Leaves out the rules that did not match. */
export function traversalToJson(traversal: Traversal, warnings: readonly string[] = []): TraversalJson {
  return {
    outcomes: traversal.outcomes.map(outcomeJson),
    ...(traversal.truncated === true ? { truncated: true } : {}),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
