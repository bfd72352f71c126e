import { type Connection, zoneOf } from "../conntrack/connection";
import { hasPorts, isIcmp } from "../conntrack/protocol";
import { type FlowTuple, invert, sameTuple } from "../conntrack/tuple";
import type { NatRange } from "../model";
import { addressWords, compareWords } from "../routing/address";
import { chooseAddress } from "./address";

/** Which end of the packet NAT rewrites: `src` in POSTROUTING and INPUT, `dst` in PREROUTING and OUTPUT. */
export type Manip = "src" | "dst";

/** The addresses and ports that NAT may choose. If absent, the tuple keeps its own. */
export type Range = Pick<
  NatRange,
  "addresses" | "ports" | "basePort" | "random" | "fullyRandom" | "persistent"
>;

/** What choosing a tuple depends on. */
export interface BindContext {
  /** Whether another connection already uses the reply of this tuple (nf_nat_used_tuple). */
  readonly taken: (tuple: FlowTuple) => boolean;
  /** The same check for a tuple that NAT does not need to change (nf_nat_used_tuple_new). */
  readonly takenAsIs: (tuple: FlowTuple) => boolean;
  readonly connections: () => readonly Connection[];
  /** Chooses one of several ports at random, by weight. */
  readonly pick: (weights: readonly bigint[]) => number;
  /** Called when a port is chosen at random from too many to follow each. */
  readonly unknownPort: (text: string) => void;
}

/** No mapping: the tuple keeps its addresses and ports unless they clash with another connection. */
export const NO_RANGE: Range = { random: false, fullyRandom: false, persistent: false };

/** Number of ports that the kernel tries (nf_nat_core.c, NF_NAT_MAX_ATTEMPTS). */
const MAX_ATTEMPTS = 128;
/** If a port is chosen at random from more ports than this, it is unknown. Otherwise each port is followed. */
const FOLLOWED_PORTS = 16;

/** Returns the connection with NAT set up for one end (nf_nat_core.c, nf_nat_setup_info). */
export function bind(connection: Connection, manip: Manip, range: Range, context: BindContext): Connection {
  const current = invert(connection.reply);
  const chosen = uniqueTuple(current, connection, manip, range, context);
  const done = manip === "src" ? { srcNatDone: true } : { dstNatDone: true };
  if (sameTuple(chosen, current)) return { ...connection, ...done };
  const changed = manip === "src" ? { srcNat: true } : { dstNat: true };
  return { ...connection, ...done, ...changed, reply: invert(chosen) };
}

/** Returns the tuple after NAT, which no other connection uses (nf_nat_core.c, get_unique_tuple). */
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
  if (address === range.from) return true;
  const [words, from, to] = [addressWords(address), addressWords(range.from), addressWords(range.to)];
  if (words === undefined || from === undefined || to === undefined) return address === range.from;
  return compareWords(words, from) >= 0 && compareWords(words, to) <= 0;
}

/** The zone in the NAT source hash (hash_by_src). A zone that applies to one direction only is not part of it. */
const sourceZone = ({ zone }: Connection): number => (zone.from === "both" ? zone.id : 0);

/** If another connection of the same source was mapped into the range, uses that mapping; newest first (find_appropriate_src). */
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
  // A single IPv4 address has only one spelling.
  if (addresses.from === addresses.to && !addresses.from.includes(":"))
    return { ...tuple, [manip]: addresses.from };
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

/**
 * Chooses a free port of the range. Without a range, the port stays in its class: below 512, below 1024, or above
 * (nf_nat_l4proto_unique_tuple).
 */
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
  return randomPort(at, size, context);
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
  // If all of these ports are in use, the kernel keeps the last one that it tried. It then drops the packet when it adds
  // the connection to the conntrack table.
  return at(start + attempts - 1);
}

/**
 * The kernel starts at a random 16-bit offset and takes the first free port. The weight of a port is the number of
 * offsets that lead to it.
 */
function randomPort(at: (offset: number) => FlowTuple, size: number, context: BindContext): FlowTuple {
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
