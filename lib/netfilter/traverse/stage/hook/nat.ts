import type { Attached, Connection } from "../../../conntrack/connection";
import { invert } from "../../../conntrack/tuple";
import type { Packet } from "../../../model";
import { manipOf, rewrite } from "../../../nat/rewrite";
import { enter } from "../../chain/frame";
import { nullBinding } from "../../chain/translate";
import type { Evaluation } from "../../state/evaluation";
import {
  at,
  type PacketContext,
  withConnection,
  withHeader,
  withHookState,
  withStep,
} from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { NatConsultation, Stage, StageOf } from "../stage";
import { reroute } from "./reroute";

type Hook = NatConsultation["hook"];

function isDone(connection: Connection | undefined, hook: Hook): boolean {
  return (manipOf(hook) === "src" ? connection?.srcNatDone : connection?.dstNatDone) === true;
}

/** NAT (nf_nat_inet_fn): rules are evaluated once per connection and end. Later packets are rewritten from the entry. */
export function natStage(stage: StageOf<"nat">, context: PacketContext, evaluation: Evaluation): Next {
  const { hook, chains, onward } = stage;
  const { ct, packet } = context.hookState;
  if (ct === undefined) return next(onward, context);
  const consultation: NatConsultation = {
    hook,
    chains,
    start: packet,
    steps: context.steps,
    state: evaluation.state,
    why: "first",
    own: ct,
    onward,
  };
  const isError = packet.icmp?.about !== undefined && ct.state === "RELATED";
  const isOpen = !isError && !isDone(ct.connection, hook);
  const consult = (why: NatConsultation["why"], changed = context): Next =>
    next({ kind: "nat-chain", consultation: { ...consultation, why }, at: 0 }, changed);
  if (isOpen && ct.connection.natUnknown === true) return consult("assumed");
  if (isOpen && ct.state !== "ESTABLISHED") return consult("first");
  if (!isError && context.input.semantics.natConsultedBy === "everyPacket")
    return consult("again", withHookState(context, { ct: asFirst(ct) }));
  return leavesElsewhere(stage, context, ct, evaluation) ?? finish(consultation, context, false, evaluation);
}

/** The connection as if this packet was its first one. */
function asFirst({ connection, direction }: Attached): Attached {
  const original = connection[direction];
  return {
    connection: {
      ...connection,
      original,
      reply: invert(original),
      confirmed: false,
      srcNat: false,
      dstNat: false,
      srcNatDone: false,
      dstNatDone: false,
    },
    direction: "original",
    state: "NEW",
  };
}

/** Removes the entry of a masqueraded connection whose packets leave by another device (nf_nat_oif_changed). */
function leavesElsewhere(
  { hook }: StageOf<"nat">,
  context: PacketContext,
  { connection, direction }: Attached,
  evaluation: Evaluation,
): Next | undefined {
  const { masqueradeOut } = connection;
  const { out } = context.hookState;
  if (hook !== "POSTROUTING" || direction !== "original") return undefined;
  if (masqueradeOut === undefined || out === undefined || masqueradeOut === out) return undefined;
  evaluation.state = {
    ...evaluation.state,
    conntrack: evaluation.state.conntrack.without(connection),
  };
  return end(
    context,
    "drop",
    `masqueraded for ${masqueradeOut}, but it would leave by ${out}: the entry is removed`,
  );
}

/** Runs the next nat chain, until one has set up the translation. */
export function natChainStage(
  { consultation, at: index }: StageOf<"nat-chain">,
  context: PacketContext,
): Next {
  const { chains, hook } = consultation;
  const base = isDone(context.hookState.ct?.connection, hook) ? undefined : chains[index];
  if (base === undefined) return next({ kind: "nat-done", consultation }, context);
  const onward: Stage = { kind: "nat-chain", consultation, at: index + 1 };
  return next(
    { kind: "chain", base, frame: enter(base.chain, undefined), deciding: undefined, onward },
    context,
  );
}

/** After the nat chains. A connection that no rule translated keeps its addresses. */
export function natDoneStage(
  { consultation }: StageOf<"nat-done">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { hook, own, why } = consultation;
  switch (why) {
    case "first": {
      const isBound = isDone(context.hookState.ct?.connection, hook);
      const bound = isBound ? context : nullBinding(context, evaluation);
      return finish(consultation, bound, true, evaluation);
    }
    case "assumed":
      return assumed(consultation, context, evaluation);
    case "again": {
      const isTranslated = context.hookState.packet !== consultation.start;
      const restored = withHookState(context, { ct: own });
      if (isTranslated || own.direction === "original") return afterNat(consultation, restored, evaluation);
      return finish(consultation, restored, false, evaluation);
    }
  }
}

/**
 * Only the state of the connection was given, so its translation is not known. The kernel does not evaluate rules for this
 * packet: steps and counters of the nat chains are discarded.
 */
function assumed(consultation: NatConsultation, context: PacketContext, evaluation: Evaluation): Next {
  const { hook, start, state, steps } = consultation;
  const { conntrack } = evaluation.state;
  evaluation.state = { ...state, conntrack };
  const connection = context.hookState.ct?.connection;
  const isBound = connection === undefined || isDone(connection, hook);
  if (!isBound)
    evaluation.assume(
      "the translation of the connection is not known: only its state was given, and the nat rules translate connections",
    );
  const done = manipOf(hook) === "src" ? { srcNatDone: true } : { dstNatDone: true };
  const decided = isBound ? context : withConnection(context, { ...connection, ...done }, evaluation);
  const rewritten = { ...decided, steps };
  const changed =
    context.hookState.packet === start
      ? rewritten
      : withStep(rewritten, {
          ...at(rewritten, start),
          kind: "nat",
          hook,
          text: "rewritten from the connection: like the first packet",
        });
  return afterNat(consultation, changed, evaluation);
}

/** Rewrites the packet from its connection. */
function finish(
  consultation: NatConsultation,
  context: PacketContext,
  isFirst: boolean,
  evaluation: Evaluation,
): Next {
  const { hook } = consultation;
  const { ct, packet: before } = context.hookState;
  const isReply = ct?.direction === "reply";
  if (ct === undefined || (isReply && !context.input.semantics.repliesTranslatedBack))
    return afterNat(consultation, context, evaluation);
  const changed = withHeader(context, rewrite(before, ct, hook));
  if (changed.hookState.packet === before) return afterNat(consultation, changed, evaluation);
  const reason = isFirst
    ? "a free port was needed"
    : isReply
      ? "the reply gets its addresses back"
      : "like the first packet";
  const stepped = withStep(changed, {
    ...at(changed, before),
    kind: "nat",
    hook,
    text: `rewritten from the connection: ${reason}`,
  });
  return afterNat(consultation, stepped, evaluation);
}

/** Reroutes each packet whose destination is translated in OUTPUT (nf_nat_ipv4_local_fn). */
function afterNat(
  { hook, start, onward }: NatConsultation,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { ct, packet } = context.hookState;
  if (hook !== "OUTPUT" || ct === undefined || isUntranslated(ct, packet, start))
    return next(onward, context);
  return reroute(context, "its destination changed", onward, evaluation);
}

function isUntranslated({ connection, direction }: Attached, packet: Packet, start: Packet): boolean {
  const there = connection[direction];
  const back = connection[direction === "original" ? "reply" : "original"];
  return there.dst === back.src && packet.dst === start.dst;
}
