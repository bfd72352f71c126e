import type { Step } from "../../model";

/** The steps so far, the last one first. Branches share the part that they have in common. */
export interface StepList {
  readonly step: Step;
  readonly earlier: StepList | undefined;
}

/** Returns the steps in order. */
export function stepsOf(list: StepList | undefined): Step[] {
  const steps: Step[] = [];
  for (let at = list; at !== undefined; at = at.earlier) steps.push(at.step);
  return steps.reverse();
}
