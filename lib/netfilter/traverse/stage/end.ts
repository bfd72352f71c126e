import type { Evaluation } from "../state/evaluation";
import { type Disposition, type PacketContext, withStep } from "../state/packet-context";
import { stepsOf } from "../state/step-list";
import type { Next } from "./next";
import type { StageOf } from "./stage";

/** Records the last step of a packet. If another packet caused it, that one goes on. */
export function endStage(stage: StageOf<"end">, before: PacketContext, evaluation: Evaluation): Next {
  const { packet } = before.hookState;
  const { verdict, text, left, delivered } = stage;
  const context = withStep(before, {
    kind: "end",
    place: before.input.host.place,
    before: packet,
    after: packet,
    verdict,
    text,
  });
  const { resume } = context;
  if (resume === undefined) {
    const disposition: Disposition = {
      verdict,
      ...(left === undefined ? {} : { left }),
      ...(delivered === undefined ? {} : { delivered }),
    };
    return { stage: undefined, context, disposition };
  }
  evaluation.devices = resume.devices;
  const { ct } = context.hookState;
  const caused = {
    packet: resume.sent,
    verdict,
    steps: stepsOf(context.steps),
    ...(left === undefined || resume.kind === "copy" ? {} : { left }),
  };
  const { context: original } = resume;
  return {
    stage: resume.onward,
    context: {
      ...original,
      // A copy shares the connection of its original, so that its changes apply to both.
      hookState:
        resume.kind === "copy" && ct !== undefined ? { ...original.hookState, ct } : original.hookState,
      caused: [...context.caused, caused],
      rounds: context.rounds,
      givenState: context.givenState,
    },
  };
}
