import { type Action, doubt, type Packet, type TableName } from "../model";
import type { CompiledRule } from "./compile";
import { settle } from "./evaluation";
import type { View } from "./hook-state";
import { reject } from "./kernel-reply";
import { memberOf, membersOf } from "./match/set";
import type { Flight } from "./packet-context";
import type { TableVerdict } from "./table";
import { translate } from "./translate";

/** What follows from a rule that matched. */
export type Acted =
  | { readonly kind: "continue" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  | { readonly kind: "verdict"; readonly verdict: TableVerdict };

const CONTINUE: Acted = { kind: "continue" };
const end = (verdict: TableVerdict): Acted => ({ kind: "verdict", verdict });

const mixed = (value: number, mask: { value: number; mask: number }): number =>
  ((value & ~mask.mask) ^ mask.value) >>> 0;

/** Carries out a rule's action on the packet and its connection. */
export function act(flight: Flight, { rule, id }: CompiledRule, _table: TableName): Acted {
  const { action } = rule;
  const { packet, view } = flight;
  const connection = view.ct?.connection;
  switch (action.kind) {
    case "none":
    case "note":
      return CONTINUE;
    case "accept":
    case "drop":
    case "queue":
      return end(action.kind);
    case "reject":
      reject(flight, action.with);
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
      return end(translate(flight, action));
    case "tproxy":
      return tproxy(flight, action);
    case "mark":
      flight.packet = { ...packet, mark: mixed(packet.mark, action.mark) };
      return CONTINUE;
    case "connmarkSet":
      if (connection !== undefined)
        flight.updateConnection({ ...connection, mark: mixed(connection.mark, action.mark) });
      return CONTINUE;
    case "connmarkSave":
      if (connection !== undefined) {
        // xt_connmark.c: newmark = (ctmark & ~ctmask) ^ (nfmark & nfmask)
        const mark = ((connection.mark & ~action.ctMask) ^ (packet.mark & action.nfMask)) >>> 0;
        flight.updateConnection({ ...connection, mark });
      }
      return CONTINUE;
    case "connmarkRestore":
      if (connection !== undefined) {
        const mark = ((packet.mark & ~action.nfMask) ^ (connection.mark & action.ctMask)) >>> 0;
        flight.packet = { ...packet, mark };
      }
      return CONTINUE;
    case "notrack":
      if (takesTemplate(view)) flight.view = { ...view, untracked: true };
      return CONTINUE;
    case "ct":
      if (takesTemplate(view) && !view.untracked) {
        const zone = { id: action.zone ?? 0, from: action.zoneFrom };
        const { helper } = action;
        flight.view = { ...view, template: { zone, ...(helper === undefined ? {} : { helper }) } };
      }
      return CONTINUE;
    case "tos":
      flight.packet = { ...packet, tos: ((packet.tos & ~action.tos.mask) ^ action.tos.value) & 0xff };
      return CONTINUE;
    case "ttl":
      return ttl(flight, packet, action);
    case "set": {
      const listed = membersOf(view, flight.run.mind, action.set);
      const member = memberOf(view, action.directions, listed?.[0]);
      const { mind } = flight.run;
      mind.state = {
        ...mind.state,
        sets: mind.state.sets.with(`${action.set} ${member}`, action.change === "add"),
      };
      return CONTINUE;
    }
    case "opaque":
      return opaque(flight, action, id);
  }
}

function ttl(flight: Flight, packet: Packet, action: Extract<Action, { kind: "ttl" }>): Acted {
  const value =
    action.change === "set"
      ? action.by
      : action.change === "inc"
        ? Math.min(255, packet.ttl + action.by)
        : Math.max(0, packet.ttl - action.by);
  flight.packet = { ...packet, ttl: value };
  return CONTINUE;
}

/** xt_TPROXY.c: with a transparent socket the packet is marked and accepted, without one it is dropped. */
/**
 * xt_CT.c, xt_ct_target: a packet that carries a connection already (over lo, or REJECT's answer) keeps it, and a second
 * CT or NOTRACK does nothing.
 */
function takesTemplate({ ct, template, answersUntracked }: View): boolean {
  return ct === undefined && template === undefined && answersUntracked !== true;
}

function tproxy(flight: Flight, action: Extract<Action, { kind: "tproxy" }>): Acted {
  const port = action.port === 0 ? (flight.packet.dport ?? 0) : action.port;
  const listens = settle(
    doubt(
      `tproxy ${action.address ?? ""}:${port}`,
      `a transparent socket listens on port ${port}`,
      `no transparent socket listens on port ${port}`,
    ),
    flight.run.mind,
  );
  if (!listens) return end("drop");
  flight.packet = { ...flight.packet, mark: mixed(flight.packet.mark, action.mark) };
  return end("accept");
}

/** A target that the model does not know may let the packet go on, end the table, or drop it: each is followed. */
function opaque(flight: Flight, action: Extract<Action, { kind: "opaque" }>, id: string): Acted {
  const { mind } = flight.run;
  const name = action.target;
  const goesOn = settle(
    doubt(`${id} goes on`, `${name} lets the packet go on`, `${name} ends the chain`),
    mind,
  );
  if (goesOn) return CONTINUE;
  const accepts = settle(
    doubt(`${id} accepts`, `${name} accepts the packet`, `${name} drops the packet`),
    mind,
  );
  return end(accepts ? "accept" : "drop");
}
