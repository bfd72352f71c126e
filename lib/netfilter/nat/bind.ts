import { type Connection, zoneOf } from "../conntrack/connection";
import { hasPorts, isIcmp } from "../conntrack/protocol";
import { type FlowTuple, invert, sameTuple } from "../conntrack/tuple";
import type { NatRange } from "../model";
import { addressWords, compareWords } from "../routing/address";
import { chooseAddress } from "./address";

/** Which end of the packet is rewritten: `src` at POSTROUTING and INPUT, `dst` at PREROUTING and OUTPUT. */
export type Manip = "src" | "dst";

/** Where the tuple may go. Without addresses or ports they stay. */
export type Range = Pick<
  NatRange,
  "addresses" | "ports" | "basePort" | "random" | "fullyRandom" | "persistent"
>;

export interface BindContext {
  /** Whether another connection already uses the reply of this tuple. */
  readonly taken: (tuple: FlowTuple) => boolean;
  /** The same for a tuple that is left as it is. */
  readonly takenAsIs: (tuple: FlowTuple) => boolean;
  readonly connections: () => readonly Connection[];
  /** Draws one of several ports by weight. */
  readonly pick: (weights: readonly bigint[]) => number;
  /** Says that a port was drawn at random and is not known. */
  readonly unknownPort: (text: string) => void;
}

export const NO_RANGE: Range = { random: false, fullyRandom: false, persistent: false };

const MAX_ATTEMPTS = 128;
/** Draws from at most this many ports are followed port by port; from more, the port is not known. */
const FOLLOWED_PORTS = 16;

/** The connection with this manipulation set up (nf_nat_core.c, nf_nat_setup_info). */
export function bind(connection: Connection, manip: Manip, range: Range, context: BindContext): Connection {
  const current = invert(connection.reply);
  const chosen = uniqueTuple(current, connection, manip, range, context);
  const done = manip === "src" ? { srcNatDone: true } : { dstNatDone: true };
  if (sameTuple(chosen, current)) return { ...connection, ...done };
  const changed = manip === "src" ? { srcNat: true } : { dstNat: true };
  return { ...connection, ...done, ...changed, reply: invert(chosen) };
}

function uniqueTuple(
  tuple: FlowTuple,
  connection: Connection,
  manip: Manip,
  range: Range,
  context: BindContext,
): FlowTuple {
  const random = range.random || range.fullyRandom;
  if (manip === "src" && !random) {
    if (inRange(tuple, range)) {
      if (!context.takenAsIs(tuple)) return tuple;
    } else {
      const known = sameSource(tuple, connection, range, context);
      if (known !== undefined && !context.taken(known)) return known;
    }
  }
  const mapped = mapAddress(tuple, connection, manip, range);
  if (!random) {
    if (range.ports !== undefined) {
      const port = manip === "src" ? mapped.sport : mapped.dport;
      const fits = port !== undefined && port >= range.ports.from && port <= range.ports.to;
      if (
        range.basePort === undefined &&
        fits &&
        (range.ports.from === range.ports.to || !context.taken(mapped))
      )
        return mapped;
    } else if (!context.taken(mapped)) return mapped;
  }
  return uniquePort(mapped, manip, range, context);
}

function inRange(tuple: FlowTuple, range: Range): boolean {
  if (range.addresses !== undefined && !between(tuple.src, range.addresses)) return false;
  if (range.ports === undefined) return true;
  return tuple.sport !== undefined && tuple.sport >= range.ports.from && tuple.sport <= range.ports.to;
}

function between(address: string, range: { readonly from: string; readonly to: string }): boolean {
  const [words, from, to] = [addressWords(address), addressWords(range.from), addressWords(range.to)];
  if (words === undefined || from === undefined || to === undefined) return address === range.from;
  return compareWords(words, from) >= 0 && compareWords(words, to) <= 0;
}

/** The zone under which NAT remembers sources (hash_by_src): one that holds for a single direction does not count. */
const sourceZone = ({ zone }: Connection): number => (zone.from === "both" ? zone.id : 0);

/** A source that is mapped already keeps its mapping where it fits, the newest one first (find_appropriate_src). */
function sameSource(
  tuple: FlowTuple,
  own: Connection,
  range: Range,
  context: BindContext,
): FlowTuple | undefined {
  for (const other of [...context.connections()].reverse()) {
    const { original } = other;
    if (!other.srcNatDone || original.protocol !== tuple.protocol) continue;
    if (sourceZone(other) !== sourceZone(own)) continue;
    if (zoneOf(other.zone, "original") !== zoneOf(own.zone, "original")) continue;
    if (original.src !== tuple.src || original.sport !== tuple.sport) continue;
    const mapped = invert(other.reply);
    const { sport } = mapped;
    const candidate: FlowTuple = { ...tuple, src: mapped.src, ...(sport === undefined ? {} : { sport }) };
    if (inRange(candidate, range)) return candidate;
  }
  return undefined;
}

function mapAddress(tuple: FlowTuple, connection: Connection, manip: Manip, range: Range): FlowTuple {
  const { addresses } = range;
  if (addresses === undefined) return tuple;
  const [from, to] = [addressWords(addresses.from), addressWords(addresses.to)];
  const [src, dst] = [addressWords(tuple.src), addressWords(tuple.dst)];
  if (from === undefined || to === undefined || src === undefined || dst === undefined)
    return { ...tuple, [manip]: addresses.from };
  const options = { persistent: range.persistent, zone: connection.zone.id, replaces: manip };
  return { ...tuple, [manip]: chooseAddress({ from, to }, src, dst, options) };
}

function withPort(tuple: FlowTuple, manip: Manip, port: number): FlowTuple {
  return manip === "src" ? { ...tuple, sport: port } : { ...tuple, dport: port };
}

function withoutPort(tuple: FlowTuple, manip: Manip): FlowTuple {
  const { sport, dport, ...rest } = tuple;
  if (manip === "src") return dport === undefined ? rest : { ...rest, dport };
  return sport === undefined ? rest : { ...rest, sport };
}

/** nf_nat_l4proto_unique_tuple: a free port in the range, or in the class of the port that the packet has. */
function uniquePort(tuple: FlowTuple, manip: Manip, range: Range, context: BindContext): FlowTuple {
  const icmp = isIcmp(tuple.protocol);
  if (!icmp && !hasPorts(tuple.protocol)) return tuple;
  const now = manip === "src" || icmp ? tuple.sport : tuple.dport;
  let low: number;
  let size: number;
  if (range.ports !== undefined) {
    low = Math.min(range.ports.from, range.ports.to);
    size = Math.abs(range.ports.to - range.ports.from) + 1;
  } else if (icmp) [low, size] = [0, 65536];
  else {
    if (manip === "dst") return tuple;
    const port = now ?? 1024;
    [low, size] = port < 512 ? [1, 511] : port < 1024 ? [600, 424] : [1024, 64512];
  }
  const which: Manip = icmp ? "src" : manip;
  const at = (offset: number): FlowTuple => withPort(tuple, which, low + (((offset % size) + size) % size));
  const attempts = Math.min(size, MAX_ATTEMPTS);
  if (range.basePort !== undefined)
    return firstFree(at, ((now ?? 0) - range.basePort) & 0xffff, attempts, context);
  const random = range.random || range.fullyRandom || manip !== "dst";
  if (!random || size === 1) return firstFree(at, 0, attempts, context);
  if (size > FOLLOWED_PORTS) {
    context.unknownPort(
      `the ${manip === "src" ? "source" : "destination"} port is drawn at random from ${low}-${low + size - 1}`,
    );
    return withoutPort(tuple, which);
  }
  return drawn(at, size, context);
}

function firstFree(
  at: (offset: number) => FlowTuple,
  start: number,
  attempts: number,
  context: BindContext,
): FlowTuple {
  for (let round = 0; round < attempts; round++) {
    const candidate = at(start + round);
    if (!context.taken(candidate)) return candidate;
  }
  // All are taken: the last one tried stays, and the packet is dropped when the entry is confirmed.
  return at(start + attempts - 1);
}

/** The first free port from a random 16-bit start: each port's weight is the number of starts that lead to it. */
function drawn(at: (offset: number) => FlowTuple, size: number, context: BindContext): FlowTuple {
  const free = Array.from({ length: size }, (_, offset) => !context.taken(at(offset)));
  if (!free.includes(true)) return at(size - 1);
  const weights = new Array<bigint>(size).fill(0n);
  for (let start = 0; start < size; start++) {
    const starts = BigInt(Math.floor((65536 - 1 - start) / size) + 1);
    let port = start;
    while (free[port] !== true) port = (port + 1) % size;
    weights[port] = (weights[port] ?? 0n) + starts;
  }
  return at(context.pick(weights));
}
