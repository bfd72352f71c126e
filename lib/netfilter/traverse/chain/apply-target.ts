import { type Action, type Packet, unknownCondition } from "../../model";
import { memberOf, membersOf } from "../match/set";
import { reject } from "../reply/reject";
import { decide } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import type { KernelReply } from "../state/kernel-reply";
import { type PacketContext, withConnection, withHeader, withHookState } from "../state/packet-context";
import type { CompiledRule } from "./rule-index";
import { translate } from "./translate";

/** The verdict of a base chain. `unknown`: the dump lacks the chain of a jump. */
export type ChainVerdict = "accept" | "drop" | "reject" | "queue" | "unknown";

/** The result of running the target of a rule that matched. `reply`: a packet that the kernel sends at once. */
export type TargetResult =
  | { readonly kind: "continue"; readonly context: PacketContext }
  | { readonly kind: "jump" | "goto"; readonly context: PacketContext; readonly chain: string }
  | {
      readonly kind: "verdict";
      readonly context: PacketContext;
      readonly verdict: ChainVerdict;
      readonly reply?: KernelReply;
    };

const end = (context: PacketContext, verdict: ChainVerdict): TargetResult => ({
  kind: "verdict",
  context,
  verdict,
});

const applyMask = (value: number, mask: { value: number; mask: number }): number =>
  ((value & ~mask.mask) ^ mask.value) >>> 0;

/** Runs the target of a rule on the packet and its connection. */
export function applyTarget(
  context: PacketContext,
  { rule, id }: CompiledRule,
  evaluation: Evaluation,
): TargetResult {
  const { action } = rule;
  const { hookState } = context;
  const { packet } = hookState;
  const connection = hookState.ct?.connection;
  const goOn = (changed: PacketContext = context): TargetResult => ({ kind: "continue", context: changed });
  switch (action.kind) {
    case "none":
    case "note":
    case "return":
      return goOn();
    case "accept":
    case "drop":
    case "queue":
      return end(context, action.kind);
    case "reject": {
      const { context: rejected, reply } = reject(context, action.with, evaluation);
      const verdict = end(rejected, "reject");
      return reply === undefined ? verdict : { ...verdict, kind: "verdict", verdict: "reject", reply };
    }
    case "jump":
    case "goto":
      return { kind: action.kind, context, chain: action.chain };
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap": {
      const translation = translate(context, action, evaluation);
      return end(translation.context, translation.verdict);
    }
    case "tproxy":
      return tproxy(context, action, evaluation);
    case "mark":
      return goOn(withHeader(context, { ...packet, mark: applyMask(packet.mark, action.mark) }));
    case "connmarkSet":
      if (connection === undefined) return goOn();
      return goOn(
        withConnection(context, { ...connection, mark: applyMask(connection.mark, action.mark) }, evaluation),
      );
    case "connmarkSave": {
      if (connection === undefined) return goOn();
      // xt_connmark.c: newmark = (ctmark & ~ctmask) ^ (nfmark & nfmask)
      const mark = ((connection.mark & ~action.ctMask) ^ (packet.mark & action.nfMask)) >>> 0;
      return goOn(withConnection(context, { ...connection, mark }, evaluation));
    }
    case "connmarkRestore": {
      if (connection === undefined) return goOn();
      const mark = ((packet.mark & ~action.nfMask) ^ (connection.mark & action.ctMask)) >>> 0;
      return goOn(withHeader(context, { ...packet, mark }));
    }
    case "notrack":
      return goOn(takesTemplate(hookState) ? withHookState(context, { untracked: true }) : context);
    case "ct": {
      if (!takesTemplate(hookState) || hookState.untracked) return goOn();
      const zone = { id: action.zone ?? 0, from: action.zoneFrom };
      const { helper } = action;
      return goOn(
        withHookState(context, { template: { zone, ...(helper === undefined ? {} : { helper }) } }),
      );
    }
    case "tos":
      return goOn(
        withHeader(context, {
          ...packet,
          tos: ((packet.tos & ~action.tos.mask) ^ action.tos.value) & 0xff,
        }),
      );
    case "ttl":
      return goOn(withHeader(context, { ...packet, ttl: changedTtl(packet, action) }));
    case "set": {
      const listed = membersOf(hookState, evaluation, action.set);
      const member = memberOf(hookState, action.directions, listed?.[0]);
      const sets = evaluation.state.sets.with(`${action.set} ${member}`, action.change === "add");
      evaluation.state = { ...evaluation.state, sets };
      return goOn();
    }
    case "opaque":
      return opaque(context, action, id, evaluation);
  }
}

function changedTtl({ ttl }: Packet, { change, by }: Extract<Action, { kind: "ttl" }>): number {
  switch (change) {
    case "set":
      return by;
    case "inc":
      return Math.min(255, ttl + by);
    case "dec":
      return Math.max(0, ttl - by);
  }
}

/**
 * CT and NOTRACK do nothing if the packet already has a connection (it came over lo, or REJECT sent it) or a template
 * (xt_CT.c, xt_ct_target).
 */
function takesTemplate({ ct, template, answersUntracked }: HookState): boolean {
  return ct === undefined && template === undefined && answersUntracked !== true;
}

/** If a transparent socket exists, TPROXY marks and accepts the packet. Otherwise it drops it (xt_TPROXY.c). */
function tproxy(
  context: PacketContext,
  action: Extract<Action, { kind: "tproxy" }>,
  evaluation: Evaluation,
): TargetResult {
  const { packet } = context.hookState;
  const port = action.port === 0 ? (packet.dport ?? 0) : action.port;
  const listens = decide(
    unknownCondition(
      `tproxy ${action.address ?? ""}:${port}`,
      `a transparent socket listens on port ${port}`,
      `no transparent socket listens on port ${port}`,
    ),
    evaluation,
  );
  if (!listens) return end(context, "drop");
  return end(withHeader(context, { ...packet, mark: applyMask(packet.mark, action.mark) }), "accept");
}

/** An unknown target may continue with the next rule, accept the packet or drop it. All three are followed. */
function opaque(
  context: PacketContext,
  action: Extract<Action, { kind: "opaque" }>,
  id: string,
  evaluation: Evaluation,
): TargetResult {
  const name = action.target;
  const continues = decide(
    unknownCondition(
      `${id} goes on`,
      `the next rule is evaluated after ${name}`,
      `${name} ends the evaluation of the table`,
    ),
    evaluation,
  );
  if (continues) return { kind: "continue", context };
  const accepts = decide(
    unknownCondition(`${id} accepts`, `${name} accepts the packet`, `${name} drops the packet`),
    evaluation,
  );
  return end(context, accepts ? "accept" : "drop");
}
