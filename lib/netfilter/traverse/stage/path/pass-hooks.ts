import type { HookPoint } from "../../semantics";
import type { PacketContext } from "../../state/packet-context";
import { type Next, next } from "../next";
import type { Stage } from "../stage";

/** Passes the packet through the hooks at a point of its path. */
export const passHooks = (context: PacketContext, point: HookPoint, onward: Stage): Next =>
  next({ kind: "hook", point, nth: 0, at: 0, hidden: undefined, onward }, context);
