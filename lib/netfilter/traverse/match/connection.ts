import { protocolNumberOf } from "../../conntrack/protocol";
import { type Match, unknownCondition } from "../../model";
import { addressWords } from "../../routing/address";
import { flip } from "../state/answer";
import type { HookState } from "../state/hook-state";
import { type Ask, addressIn, prefixNet } from "./header";

type Of<K extends Match["kind"]> = Extract<Match, { kind: K }>;

/** Returns the conntrack state of a packet as seen by the rules (nf_ct_get; xt_conntrack.c). */
export function stateOfPacket(
  hookState: HookState,
): "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" {
  if (hookState.untracked) return "UNTRACKED";
  return hookState.ct?.state ?? (hookState.template !== undefined ? "NEW" : "INVALID");
}

/**
 * `--ctstate` and `-m state`: compares the packet's state. `SNAT` and `DNAT` match if NAT changed the connection's tuple.
 */
export function ctState(match: Of<"ctState">): Ask {
  return (hookState) => {
    const connection = hookState.ct?.connection;
    const matches =
      match.states.includes(stateOfPacket(hookState)) ||
      (connection?.srcNat === true && match.states.includes("SNAT")) ||
      (connection?.dstNat === true && match.states.includes("DNAT"));
    return matches !== match.inverted;
  };
}

export function ctAddress(match: Of<"ctAddress">): Ask {
  const net = prefixNet(match.prefix);
  return (hookState) => {
    if (hookState.ct === undefined) return match.withState === true;
    const tuple = hookState.ct.connection[match.tuple];
    return addressIn(
      addressWords(match.side === "source" ? tuple.src : tuple.dst),
      net,
      `${match.tuple} ${match.side}`,
      match.inverted,
    );
  };
}

export function ctPort(match: Of<"ctPort">): Ask {
  return (hookState) => {
    if (hookState.ct === undefined) return match.withState === true;
    const tuple = hookState.ct.connection[match.tuple];
    const port = match.side === "source" ? tuple.sport : tuple.dport;
    const { from, to } = match.ports;
    if (port !== undefined) return (port >= from && port <= to) !== match.inverted;
    const what = `${match.tuple} ${match.side} port`;
    return flip(
      unknownCondition(
        `${what} ${from}:${to}`,
        `the ${what} is ${from}:${to}`,
        `the ${what} is not ${from}:${to}`,
      ),
      match.inverted,
    );
  };
}

export function ctProtocol(match: Of<"ctProtocol">): Ask {
  const wanted = protocolNumberOf(match.protocol);
  return (hookState) => {
    if (hookState.ct === undefined) return match.withState === true;
    return (hookState.ct.connection.original.protocol === wanted) !== match.inverted;
  };
}

export function ctDirection(match: Of<"ctDirection">): Ask {
  const wanted = match.direction === "ORIGINAL" ? "original" : "reply";
  return (hookState) => {
    if (hookState.ct === undefined) return match.withState === true;
    return (hookState.ct.direction === wanted) !== match.inverted;
  };
}

export function ctStatus(match: Of<"ctStatus">): Ask {
  return (hookState) => {
    if (hookState.ct === undefined) return match.withState === true;
    const { confirmed, assured, seenReply, expected } = hookState.ct.connection;
    const bits: Readonly<Record<string, boolean>> = {
      EXPECTED: expected,
      SEEN_REPLY: seenReply,
      ASSURED: assured,
      CONFIRMED: confirmed,
    };
    return match.status.some((status) => bits[status] === true) !== match.inverted;
  };
}

export function ctExpire(match: Of<"ctExpire">): Ask {
  return (hookState, evaluation) => {
    if (hookState.ct === undefined) return match.withState === true;
    const left = hookState.ct.connection.confirmed
      ? Math.max(0, hookState.ct.connection.expires - evaluation.state.now)
      : 0;
    return (left >= match.seconds.from && left <= match.seconds.to) !== match.inverted;
  };
}

export function connmark(match: Of<"connmark">): Ask {
  return (hookState) => {
    if (hookState.ct === undefined) return false;
    const same = (hookState.ct.connection.mark & match.mark.mask) >>> 0 === match.mark.value >>> 0;
    return same !== match.inverted;
  };
}
