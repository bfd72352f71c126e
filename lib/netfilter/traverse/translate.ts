import type { Connection } from "../conntrack/connection";
import { isTaken, isTakenAsIs } from "../conntrack/track";
import { type FlowTuple, invert } from "../conntrack/tuple";
import type { Action } from "../model";
import { type BindContext, bind, NO_RANGE, type Range } from "../nat/bind";
import { type Found, masqueradeAddress, redirectAddress } from "../nat/masquerade";
import { manipOf, rewrite } from "../nat/rewrite";
import { addressWords, parseNet, textOf } from "../routing/address";
import type { PacketContext } from "./packet-context";

type Translation = Extract<Action, { kind: "dnat" | "snat" | "masquerade" | "redirect" | "netmap" }>;

/** The text that stands for an address that is not known. It is no address: no rule can be sure about it. */
export const UNKNOWN_ADDRESS = "unknown";

export function bindContext(context: PacketContext, own: Connection): BindContext {
  const { evaluation } = context.traversal;
  return {
    taken: (tuple: FlowTuple) =>
      isTaken(evaluation.state.conntrack, invert(tuple), own, "reply", evaluation.state.now),
    takenAsIs: (tuple: FlowTuple) =>
      isTakenAsIs(evaluation.state.conntrack, tuple, own, evaluation.state.now),
    connections: () => evaluation.state.conntrack.connections(),
    pick: (weights) => evaluation.branches.pick(weights),
    unknownPort: (text) => evaluation.branches.noteDrawn(text),
  };
}

/** What a NAT rule does to the packet's connection, and the packet with it. NAT rules end the chain. */
export function translate(context: PacketContext, action: Translation): "accept" | "drop" {
  const connection = context.hookState.ct?.connection;
  if (connection === undefined) return "accept";
  const manip = manipOf(context.hookState.hook);
  const range = rangeOf(context, action);
  if (range === "drop") return "drop";
  if (range === "accept") return "accept";
  const bound = bind(connection, manip, range, bindContext(context, connection));
  const out = context.hookState.out;
  context.updateConnection(
    action.kind === "masquerade" && out !== undefined ? { ...bound, masqueradeOut: out } : bound,
  );
  const { ct } = context.hookState;
  if (ct !== undefined) context.packet = rewrite(context.packet, ct, context.hookState.hook);
  return "accept";
}

function rangeOf(context: PacketContext, action: Translation): Range | "drop" | "accept" {
  switch (action.kind) {
    case "dnat":
    case "snat":
      return action.to;
    case "masquerade":
      // Nothing to masquerade: a DHCP client has no address yet (nf_nat_masquerade.c).
      if (context.hookState.ct?.connection.original.src === "0.0.0.0") return "accept";
      return found(context, masqueradeAddress(context.hookState), action.to, "MASQUERADE");
    case "redirect":
      return found(context, redirectAddress(context.hookState), action.to, "REDIRECT");
    case "netmap": {
      const words = manipOf(context.hookState.hook) === "src" ? context.hookState.src : context.hookState.dst;
      const net = parseNet(action.prefix);
      if (words === undefined || net === undefined) return "drop";
      const mapped = textOf(
        words.map((word, at) => {
          const mask = net.mask[at] ?? 0;
          return ((word & ~mask) | ((net.words[at] ?? 0) & mask)) >>> 0;
        }),
      );
      return { ...NO_RANGE, addresses: { from: mapped, to: mapped } };
    }
  }
}

function found(context: PacketContext, address: Found, to: Range, target: string): Range | "drop" {
  if (address.kind === "none") return "drop";
  if (address.kind === "address") return { ...to, addresses: { from: address.address, to: address.address } };
  const device = context.hookState.hook === "POSTROUTING" ? context.hookState.out : context.hookState.in;
  context.traversal.evaluation.branches.assume(
    `the address that ${target} takes from ${device ?? "an interface that is not known"} (its addresses are not known)`,
  );
  return { ...to, addresses: { from: UNKNOWN_ADDRESS, to: UNKNOWN_ADDRESS } };
}

/**
 * No rule translated: the connection still gets its binding, which keeps the tuple, or moves a source port that clashes
 * (nf_nat_alloc_null_binding).
 */
export function nullBinding(context: PacketContext): void {
  const connection = context.hookState.ct?.connection;
  if (connection === undefined) return;
  const manip = manipOf(context.hookState.hook);
  const address = manip === "src" ? connection.reply.dst : connection.reply.src;
  const known = addressWords(address) !== undefined;
  const range: Range = known ? { ...NO_RANGE, addresses: { from: address, to: address } } : NO_RANGE;
  context.updateConnection(bind(connection, manip, range, bindContext(context, connection)));
}
