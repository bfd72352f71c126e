import type { Packet } from "../../model";
import type { OutRoute } from "../../routing/output";
import type { HookState } from "./hook-state";

/** A packet that the kernel sends in response to another, with the connection and route that it gets at once. */
export interface KernelReply {
  readonly packet: Packet;
  readonly carried: Pick<HookState, "ct" | "answersUntracked">;
  readonly out: OutRoute;
}
