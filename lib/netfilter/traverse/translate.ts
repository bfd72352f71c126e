import type { Connection } from "../conntrack/connection";
import { isTaken, isTakenAsIs } from "../conntrack/track";
import { type FlowTuple, invert } from "../conntrack/tuple";
import type { Action } from "../model";
import { type BindContext, bind, NO_RANGE, type Range } from "../nat/bind";
import { type Found, masqueradeAddress, redirectAddress } from "../nat/masquerade";
import { manipOf, rewrite } from "../nat/rewrite";
import { addressWords, parseNet, textOf } from "../routing/address";
import type { Flight } from "./packet-context";

type Translation = Extract<Action, { kind: "dnat" | "snat" | "masquerade" | "redirect" | "netmap" }>;

/** The text that stands for an address that is not known. It is no address: no rule can be sure about it. */
export const UNKNOWN_ADDRESS = "unknown";

export function bindContext(flight: Flight, own: Connection): BindContext {
  const { mind } = flight.run;
  return {
    taken: (tuple: FlowTuple) => isTaken(mind.state.conntrack, invert(tuple), own, "reply", mind.state.now),
    takenAsIs: (tuple: FlowTuple) => isTakenAsIs(mind.state.conntrack, tuple, own, mind.state.now),
    connections: () => mind.state.conntrack.connections(),
    pick: (weights) => mind.choices.pick(weights),
    unknownPort: (text) => mind.choices.leaveDrawn(text),
  };
}

/** What a NAT rule does to the packet's connection, and the packet with it. NAT rules end the chain. */
export function translate(flight: Flight, action: Translation): "accept" | "drop" {
  const connection = flight.view.ct?.connection;
  if (connection === undefined) return "accept";
  const manip = manipOf(flight.view.hook);
  const range = rangeOf(flight, action);
  if (range === "drop") return "drop";
  if (range === "accept") return "accept";
  const bound = bind(connection, manip, range, bindContext(flight, connection));
  const out = flight.view.out;
  flight.updateConnection(
    action.kind === "masquerade" && out !== undefined ? { ...bound, masqueradeOut: out } : bound,
  );
  const { ct } = flight.view;
  if (ct !== undefined) flight.packet = rewrite(flight.packet, ct, flight.view.hook);
  return "accept";
}

function rangeOf(flight: Flight, action: Translation): Range | "drop" | "accept" {
  switch (action.kind) {
    case "dnat":
    case "snat":
      return action.to;
    case "masquerade":
      // Nothing to masquerade: a DHCP client has no address yet (nf_nat_masquerade.c).
      if (flight.view.ct?.connection.original.src === "0.0.0.0") return "accept";
      return found(flight, masqueradeAddress(flight.view), action.to, "MASQUERADE");
    case "redirect":
      return found(flight, redirectAddress(flight.view), action.to, "REDIRECT");
    case "netmap": {
      const words = manipOf(flight.view.hook) === "src" ? flight.view.src : flight.view.dst;
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

function found(flight: Flight, address: Found, to: Range, target: string): Range | "drop" {
  if (address.kind === "none") return "drop";
  if (address.kind === "address") return { ...to, addresses: { from: address.address, to: address.address } };
  const device = flight.view.hook === "POSTROUTING" ? flight.view.out : flight.view.in;
  flight.run.mind.choices.assume(
    `the address that ${target} takes from ${device ?? "an interface that is not known"} (its addresses are not known)`,
  );
  return { ...to, addresses: { from: UNKNOWN_ADDRESS, to: UNKNOWN_ADDRESS } };
}

/**
 * No rule translated: the connection still gets its binding, which keeps the tuple, or moves a source port that clashes
 * (nf_nat_alloc_null_binding).
 */
export function nullBinding(flight: Flight): void {
  const connection = flight.view.ct?.connection;
  if (connection === undefined) return;
  const manip = manipOf(flight.view.hook);
  const address = manip === "src" ? connection.reply.dst : connection.reply.src;
  const known = addressWords(address) !== undefined;
  const range: Range = known ? { ...NO_RANGE, addresses: { from: address, to: address } } : NO_RANGE;
  flight.updateConnection(bind(connection, manip, range, bindContext(flight, connection)));
}
