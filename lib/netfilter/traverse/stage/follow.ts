import type { Evaluation, Trail } from "../state/evaluation";
import type { Disposition, PacketContext } from "../state/packet-context";
import { runStage } from "./run-stage";
import type { Stage } from "./stage";

/** The end of one branch. */
export interface Ended {
  readonly context: PacketContext;
  readonly disposition: Disposition;
  readonly evaluation: Evaluation;
}

/** A stage that runs again from the same values, with other results of its decisions. */
interface Pending {
  readonly stage: Stage;
  readonly context: PacketContext;
  readonly evaluation: Evaluation;
  readonly trail: Trail;
}

/**
 * Runs the stages of a packet, and of the packets that it causes, one after the other. If a decision in a stage has
 * several results, only this stage runs again for each of them, so that the outcomes share everything before it.
 * Returns the outcomes depth first.
 *
 * @param observe - called before each stage, for tests.
 */
export function* follow(
  first: Stage,
  start: PacketContext,
  known: Evaluation,
  observe?: (stage: Stage, context: PacketContext) => void,
): Generator<Ended> {
  const pending: Pending[] = [{ stage: first, context: start, evaluation: known, trail: [] }];
  for (let branch = pending.pop(); branch !== undefined; branch = pending.pop()) {
    let { stage, context, evaluation: before } = branch;
    let trail: Trail | undefined = branch.trail;
    for (;;) {
      observe?.(stage, context);
      const evaluation = before.next(trail);
      const result = runStage(stage, context, evaluation);
      for (const other of evaluation.untried ?? [])
        pending.push({ stage, context, evaluation: before, trail: other });
      if (result.stage === undefined) {
        yield { context: result.context, disposition: result.disposition, evaluation };
        break;
      }
      ({ stage, context } = result);
      before = evaluation;
      trail = undefined;
    }
  }
}
