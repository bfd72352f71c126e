import type { Connection } from "../conntrack/connection";
import { isTaken, isTakenAsIs } from "../conntrack/track";
import { type FlowTuple, invert } from "../conntrack/tuple";
import type { Action } from "../model";
import { type BindContext, bind, NO_RANGE, type Range } from "../nat/bind";
import { masqueradeAddress, redirectAddress, type TranslationAddress } from "../nat/masquerade";
import { manipOf, rewrite } from "../nat/rewrite";
import { addressWords, parseNet, textOf } from "../routing/address";
import type { PacketContext } from "./packet-context";

type Translation = Extract<Action, { kind: "dnat" | "snat" | "masquerade" | "redirect" | "netmap" }>;

/** Placeholder of an unknown address. It is not a valid address, so that the result of matches on it is unknown. */
export const UNKNOWN_ADDRESS = "unknown";

/** Provides {@link bind} with the connection table and the branches of a traversal. */
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

/** Runs a NAT target: sets up NAT for the packet's connection and rewrites the packet. */
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
      // A DHCP client without an address is not masqueraded (nf_nat_masquerade.c).
      if (context.hookState.ct?.connection.original.src === "0.0.0.0") return "accept";
      return rangeWith(context, masqueradeAddress(context.hookState), action.to, "MASQUERADE");
    case "redirect":
      return rangeWith(context, redirectAddress(context.hookState), action.to, "REDIRECT");
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

function rangeWith(
  context: PacketContext,
  address: TranslationAddress,
  to: Range,
  target: string,
): Range | "drop" {
  if (address.kind === "none") return "drop";
  if (address.kind === "address") return { ...to, addresses: { from: address.address, to: address.address } };
  const device = context.hookState.hook === "POSTROUTING" ? context.hookState.out : context.hookState.in;
  context.traversal.evaluation.branches.assume(
    `the address that ${target} uses is one of ${device ?? "an unknown interface"} (its addresses are unknown)`,
  );
  return { ...to, addresses: { from: UNKNOWN_ADDRESS, to: UNKNOWN_ADDRESS } };
}

/**
 * Sets up NAT for a connection that no rule translated (nf_nat_alloc_null_binding). The tuple does not change, except for
 * a source port that clashes with another connection.
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
