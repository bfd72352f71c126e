import { NO_ZONE } from "../../../conntrack/connection";
import { isTaken, type Tracked, track } from "../../../conntrack/track";
import { type Hook, unknownCondition } from "../../../model";
import { decidedSysctl } from "../../../routing/sysctl";
import { translatesConnections } from "../../chain/tracking";
import type { Evaluation } from "../../state/evaluation";
import { trackAsGiven } from "../../state/given-state";
import { type PacketContext, withConnection, withStep } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { StageOf } from "../stage";

/** Looks up or creates the packet's connection (nf_conntrack_in). */
export function conntrackStage(
  { hook, onward }: StageOf<"conntrack">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { hookState, givenState } = context;
  if (givenState === undefined && !isTracking(context, evaluation)) return next(onward, context);
  if (hookState.ct !== undefined)
    return next(onward, recorded(context, hook, hookState.ct.state, "the packet already has its connection"));
  if (hookState.untracked) return next(onward, recorded(context, hook, "UNTRACKED", "not tracked"));
  const tracked = trackPacket(context, evaluation);
  evaluation.state = { ...evaluation.state, conntrack: tracked.table };
  const { attached, untracked = false, text } = tracked;
  const changed: PacketContext = {
    ...context,
    givenState: undefined,
    hookState: {
      // The template is removed even if no connection is attached.
      ...hookState,
      template: undefined,
      untracked,
      ct: attached,
    },
  };
  const state = untracked ? "UNTRACKED" : (attached?.state ?? "INVALID");
  return next(onward, recorded(changed, hook, state, text));
}

/**
 * Whether the kernel tracks connections here: only if a rule needs it (nf_ct_netns_get). If that is unknown, both answers
 * are followed only if there are nat chains, which see nothing without conntrack.
 */
function isTracking({ input: { hooks } }: PacketContext, evaluation: Evaluation): boolean {
  const { tracking, entries } = hooks;
  if (tracking.kind !== "unknown") return tracking.kind === "on";
  const question = unknownCondition(
    "conntrack",
    `connections are tracked, because of ${tracking.because}`,
    `connections are not tracked: ${tracking.because} does not need it`,
  );
  const matters = Object.values(entries).some((hook) => hook.some(({ kind }) => kind === "nat"));
  if (matters) return evaluation.decide(question);
  evaluation.assume(`whether connections are tracked depends on ${tracking.because}`);
  return false;
}

function trackPacket({ input, hookState, givenState }: PacketContext, evaluation: Evaluation): Tracked {
  const { packet, template } = hookState;
  const { conntrack, now } = evaluation.state;
  const options = {
    zone: template?.zone ?? NO_ZONE,
    now,
    loose: () => decidedSysctl(input.host, "net.netfilter.nf_conntrack_tcp_loose", evaluation),
    ...(template?.helper === undefined ? {} : { helper: template.helper }),
  };
  return givenState === undefined
    ? track(conntrack, packet, options)
    : trackAsGiven(conntrack, packet, givenState, {
        ...options,
        mayBeTranslated: translatesConnections(input.host, packet.family),
      });
}

function recorded(
  context: PacketContext,
  hook: Hook,
  state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED",
  text: string,
): PacketContext {
  if (!context.input.hooks.hasRules) return context;
  const { place } = context.input.host;
  const { packet } = context.hookState;
  return withStep(context, { kind: "conntrack", place, before: packet, after: packet, hook, state, text });
}

/** Adds the entry to the table when the first packet leaves or is delivered. If it clashes, drops the packet (nf_conntrack_confirm). */
export function confirmStage(
  { onward }: StageOf<"confirm">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { ct } = context.hookState;
  if (ct === undefined || ct.connection.confirmed || ct.direction === "reply") return next(onward, context);
  const { connection } = ct;
  const { conntrack, now } = evaluation.state;
  const taken =
    isTaken(conntrack, connection.original, connection, "original", now) ||
    isTaken(conntrack, connection.reply, connection, "reply", now);
  if (taken)
    return end(
      context,
      "drop",
      "another connection already uses these addresses and ports: the entry cannot be confirmed",
    );
  // Another packet of the same branch may have used the id in the meantime.
  const id = conntrack.get(connection.id) === undefined ? connection.id : conntrack.nextId;
  return next(onward, withConnection(context, { ...connection, id, confirmed: true }, evaluation));
}
