import type { Connection } from "../../conntrack/connection";
import { isTaken, isTakenAsIs } from "../../conntrack/track";
import { type FlowTuple, invert } from "../../conntrack/tuple";
import { type Action, unknownCondition } from "../../model";
import { type BindContext, bind, NO_RANGE, type Range } from "../../nat/bind";
import { masqueradeAddress, redirectAddress, type TranslationAddress } from "../../nat/masquerade";
import { manipOf, rewrite } from "../../nat/rewrite";
import { addressWords, parseNet, textOf } from "../../routing/address";
import { effectOf } from "../report/effect";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import { type PacketContext, withConnection, withHeader } from "../state/packet-context";
import { UNKNOWN_ADDRESS } from "./unknown-address";

type Translation = Extract<Action, { kind: "dnat" | "snat" | "masquerade" | "redirect" | "netmap" }>;

/** The packet after a NAT target, and the verdict of the nat chain. */
export interface Translated {
  readonly context: PacketContext;
  readonly verdict: "accept" | "drop";
}

/** Provides {@link bind} with the connection table and the branches of a traversal. */
function bindContext(evaluation: Evaluation, own: Connection): BindContext {
  const { conntrack, now } = evaluation.state;
  return {
    taken: (tuple: FlowTuple) => isTaken(conntrack, invert(tuple), own, "reply", now),
    takenAsIs: (tuple: FlowTuple) => isTakenAsIs(conntrack, tuple, own, now),
    connections: () => conntrack.connections(),
    pick: (weights) => evaluation.pick(weights),
    unknownPort: (text) => evaluation.noteDrawn(text),
  };
}

/** Runs a NAT target: sets up NAT for the packet's connection and rewrites the packet. */
export function translate(context: PacketContext, action: Translation, evaluation: Evaluation): Translated {
  const { hookState } = context;
  const connection = hookState.ct?.connection;
  if (connection === undefined) return { context, verdict: "accept" };
  if (connection.natUnknown === true && !wasTranslated(action, evaluation))
    return { context, verdict: "accept" };
  const range = rangeOf(hookState, action, evaluation);
  if (typeof range === "string") return { context, verdict: range };
  const bound = bind(connection, manipOf(hookState.hook), range, bindContext(evaluation, connection));
  const { out } = hookState;
  const masqueraded =
    action.kind === "masquerade" && out !== undefined ? { ...bound, masqueradeOut: out } : bound;
  const attached = withConnection(context, masqueraded, evaluation);
  const { ct, packet, hook } = attached.hookState;
  return {
    context: ct === undefined ? attached : withHeader(attached, rewrite(packet, ct, hook)),
    verdict: "accept",
  };
}

/** Whether such a rule translated the first packet of a connection about which only its state is known. */
function wasTranslated(action: Translation, evaluation: Evaluation): boolean {
  const effect = effectOf(action);
  return evaluation.decide(
    unknownCondition(
      `translated ${effect}`,
      `the connection was translated when it began (${effect})`,
      `the connection was not translated when it began (${effect})`,
    ),
  );
}

function rangeOf(
  hookState: HookState,
  action: Translation,
  evaluation: Evaluation,
): Range | "drop" | "accept" {
  switch (action.kind) {
    case "dnat":
    case "snat":
      return action.to;
    case "masquerade":
      // A DHCP client without an address is not masqueraded (nf_nat_masquerade.c).
      if (hookState.ct?.connection.original.src === "0.0.0.0") return "accept";
      return rangeWith(hookState, masqueradeAddress(hookState), action.to, "MASQUERADE", evaluation);
    case "redirect":
      return rangeWith(hookState, redirectAddress(hookState), action.to, "REDIRECT", evaluation);
    case "netmap": {
      const words = manipOf(hookState.hook) === "src" ? hookState.src : hookState.dst;
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
  hookState: HookState,
  address: TranslationAddress,
  to: Range,
  target: string,
  evaluation: Evaluation,
): Range | "drop" {
  if (address.kind === "none") return "drop";
  if (address.kind === "address") return { ...to, addresses: { from: address.address, to: address.address } };
  const device = hookState.hook === "POSTROUTING" ? hookState.out : hookState.in;
  evaluation.assume(
    `the address that ${target} uses is one of ${device ?? "an unknown interface"} (its addresses are unknown)`,
  );
  return { ...to, addresses: { from: UNKNOWN_ADDRESS, to: UNKNOWN_ADDRESS } };
}

/**
 * Sets up NAT for a connection that no rule translated (nf_nat_alloc_null_binding). The tuple does not change, except for
 * a source port that clashes with another connection.
 */
export function nullBinding(context: PacketContext, evaluation: Evaluation): PacketContext {
  const connection = context.hookState.ct?.connection;
  if (connection === undefined) return context;
  const manip = manipOf(context.hookState.hook);
  const { conntrack, now } = evaluation.state;
  if (!isTaken(conntrack, connection.reply, connection, "reply", now))
    return withConnection(
      context,
      manip === "src" ? { ...connection, srcNatDone: true } : { ...connection, dstNatDone: true },
      evaluation,
    );
  const address = manip === "src" ? connection.reply.dst : connection.reply.src;
  const known = addressWords(address) !== undefined;
  const range: Range = known ? { ...NO_RANGE, addresses: { from: address, to: address } } : NO_RANGE;
  const bound = bind(connection, manip, range, bindContext(evaluation, connection));
  return withConnection(context, bound, evaluation);
}
