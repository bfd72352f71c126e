import { type Action, type Packet, type TableName, unknownCondition } from "../model";
import type { CompiledRule } from "./compile";
import { decide } from "./evaluation";
import type { HookState } from "./hook-state";
import { reject } from "./kernel-reply";
import { memberOf, membersOf } from "./match/set";
import type { PacketContext } from "./packet-context";
import type { TableVerdict } from "./table";
import { translate } from "./translate";

/** The result of running the target of a rule that matched. */
export type TargetResult =
  | { readonly kind: "continue" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  | { readonly kind: "verdict"; readonly verdict: TableVerdict };

const CONTINUE: TargetResult = { kind: "continue" };
const end = (verdict: TableVerdict): TargetResult => ({ kind: "verdict", verdict });

const applyMask = (value: number, mask: { value: number; mask: number }): number =>
  ((value & ~mask.mask) ^ mask.value) >>> 0;

/** Runs the target of a rule on the packet and its connection. */
export function applyTarget(
  context: PacketContext,
  { rule, id }: CompiledRule,
  _table: TableName,
): TargetResult {
  const { action } = rule;
  const { packet, hookState } = context;
  const connection = hookState.ct?.connection;
  switch (action.kind) {
    case "none":
    case "note":
      return CONTINUE;
    case "accept":
    case "drop":
    case "queue":
      return end(action.kind);
    case "reject":
      reject(context, action.with);
      return end("reject");
    case "return":
      return CONTINUE;
    case "jump":
    case "goto":
      return { kind: action.kind, chain: action.chain };
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
      return end(translate(context, action));
    case "tproxy":
      return tproxy(context, action);
    case "mark":
      context.packet = { ...packet, mark: applyMask(packet.mark, action.mark) };
      return CONTINUE;
    case "connmarkSet":
      if (connection !== undefined)
        context.updateConnection({ ...connection, mark: applyMask(connection.mark, action.mark) });
      return CONTINUE;
    case "connmarkSave":
      if (connection !== undefined) {
        // xt_connmark.c: newmark = (ctmark & ~ctmask) ^ (nfmark & nfmask)
        const mark = ((connection.mark & ~action.ctMask) ^ (packet.mark & action.nfMask)) >>> 0;
        context.updateConnection({ ...connection, mark });
      }
      return CONTINUE;
    case "connmarkRestore":
      if (connection !== undefined) {
        const mark = ((packet.mark & ~action.nfMask) ^ (connection.mark & action.ctMask)) >>> 0;
        context.packet = { ...packet, mark };
      }
      return CONTINUE;
    case "notrack":
      if (takesTemplate(hookState)) context.hookState = { ...hookState, untracked: true };
      return CONTINUE;
    case "ct":
      if (takesTemplate(hookState) && !hookState.untracked) {
        const zone = { id: action.zone ?? 0, from: action.zoneFrom };
        const { helper } = action;
        context.hookState = { ...hookState, template: { zone, ...(helper === undefined ? {} : { helper }) } };
      }
      return CONTINUE;
    case "tos":
      context.packet = { ...packet, tos: ((packet.tos & ~action.tos.mask) ^ action.tos.value) & 0xff };
      return CONTINUE;
    case "ttl":
      return ttl(context, packet, action);
    case "set": {
      const listed = membersOf(hookState, context.traversal.evaluation, action.set);
      const member = memberOf(hookState, action.directions, listed?.[0]);
      const { evaluation } = context.traversal;
      evaluation.state = {
        ...evaluation.state,
        sets: evaluation.state.sets.with(`${action.set} ${member}`, action.change === "add"),
      };
      return CONTINUE;
    }
    case "opaque":
      return opaque(context, action, id);
  }
}

function ttl(context: PacketContext, packet: Packet, action: Extract<Action, { kind: "ttl" }>): TargetResult {
  const value =
    action.change === "set"
      ? action.by
      : action.change === "inc"
        ? Math.min(255, packet.ttl + action.by)
        : Math.max(0, packet.ttl - action.by);
  context.packet = { ...packet, ttl: value };
  return CONTINUE;
}

/**
 * CT and NOTRACK do nothing if the packet already has a connection (it came over lo, or REJECT sent it) or a template
 * (xt_CT.c, xt_ct_target).
 */
function takesTemplate({ ct, template, answersUntracked }: HookState): boolean {
  return ct === undefined && template === undefined && answersUntracked !== true;
}

/** If a transparent socket exists, TPROXY marks and accepts the packet. Otherwise it drops it (xt_TPROXY.c). */
function tproxy(context: PacketContext, action: Extract<Action, { kind: "tproxy" }>): TargetResult {
  const port = action.port === 0 ? (context.packet.dport ?? 0) : action.port;
  const listens = decide(
    unknownCondition(
      `tproxy ${action.address ?? ""}:${port}`,
      `a transparent socket listens on port ${port}`,
      `no transparent socket listens on port ${port}`,
    ),
    context.traversal.evaluation,
  );
  if (!listens) return end("drop");
  context.packet = { ...context.packet, mark: applyMask(context.packet.mark, action.mark) };
  return end("accept");
}

/** An unknown target may continue with the next rule, accept the packet or drop it. All three are followed. */
function opaque(
  context: PacketContext,
  action: Extract<Action, { kind: "opaque" }>,
  id: string,
): TargetResult {
  const { evaluation } = context.traversal;
  const name = action.target;
  const continues = decide(
    unknownCondition(
      `${id} goes on`,
      `the next rule is evaluated after ${name}`,
      `${name} ends the evaluation of the table`,
    ),
    evaluation,
  );
  if (continues) return CONTINUE;
  const accepts = decide(
    unknownCondition(`${id} accepts`, `${name} accepts the packet`, `${name} drops the packet`),
    evaluation,
  );
  return end(accepts ? "accept" : "drop");
}
