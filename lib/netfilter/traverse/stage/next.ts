import type { Verdict } from "../../model";
import type { Disposition, PacketContext } from "../state/packet-context";
import type { Stage, StageOf } from "./stage";

/** What a stage returns: the next stage and its packet, or the end of the traversal. */
export type Next =
  | { readonly stage: Stage; readonly context: PacketContext }
  | { readonly stage: undefined; readonly context: PacketContext; readonly disposition: Disposition };

export const next = (stage: Stage, context: PacketContext): Next => ({ stage, context });

/** Ends the path of a packet. */
export const end = (
  context: PacketContext,
  verdict: Verdict,
  text: string,
  more: Pick<StageOf<"end">, "left" | "delivered"> = {},
): Next => ({ stage: { kind: "end", verdict, text, ...more }, context });
