import type { TcpFlag } from "../model";
import type { Direction } from "./tuple";

/** Conntrack's TCP states (include/uapi/linux/netfilter/nf_conntrack_tcp.h). */
export type TcpState =
  | "NONE"
  | "SYN_SENT"
  | "SYN_RECV"
  | "ESTABLISHED"
  | "FIN_WAIT"
  | "CLOSE_WAIT"
  | "LAST_ACK"
  | "TIME_WAIT"
  | "CLOSE"
  | "SYN_SENT2";

type Next = TcpState | "invalid" | "ignored";
/** The kind of a segment, by the flag that decides (get_conntrack_index). */
export type SegmentKind = "syn" | "synack" | "fin" | "ack" | "rst" | "none";

const STATES: readonly TcpState[] = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
];

const CODES: Readonly<Record<string, Next>> = {
  SS: "SYN_SENT",
  SR: "SYN_RECV",
  ES: "ESTABLISHED",
  FW: "FIN_WAIT",
  CW: "CLOSE_WAIT",
  LA: "LAST_ACK",
  TW: "TIME_WAIT",
  CL: "CLOSE",
  S2: "SYN_SENT2",
  IV: "invalid",
  IG: "ignored",
};

/** The next state, by direction, kind of segment and current state (nf_conntrack_proto_tcp.c, tcp_conntracks). */
const NEXT: Readonly<Record<Direction, Readonly<Record<SegmentKind, string>>>> = {
  original: {
    syn: "SS SS IG IG IG IG IG SS SS S2",
    synack: "IV IV SR IV IV IV IV IV IV SR",
    fin: "IV IV FW FW LA LA LA TW CL IV",
    ack: "ES IV ES ES CW CW TW TW CL IV",
    rst: "IV CL CL CL CL CL CL CL CL CL",
    none: "IV IV IV IV IV IV IV IV IV IV",
  },
  reply: {
    syn: "IV S2 IV IV IV IV IV SS IV S2",
    synack: "IV SR IG IG IG IG IG IG IG SR",
    fin: "IV IV FW FW LA LA LA TW CL IV",
    ack: "IV IG SR ES CW CW TW TW CL IG",
    rst: "IV CL CL CL CL CL CL CL CL CL",
    none: "IV IV IV IV IV IV IV IV IV IV",
  },
};

/** Timeout of an entry by state, in seconds (nf_conntrack_proto_tcp.c, tcp_timeouts). */
export const TCP_TIMEOUTS: Readonly<Record<TcpState, number>> = {
  NONE: 120,
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432_000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
};

/** Combinations of flags that are valid, ignoring PSH (nf_conntrack_proto_tcp.c, tcp_valid_flags). */
const VALID = new Set([
  "SYN",
  "SYN URG",
  "ACK SYN",
  "RST",
  "ACK RST",
  "ACK FIN",
  "ACK FIN URG",
  "ACK",
  "ACK URG",
]);

/** Whether conntrack accepts a segment with these flags. Otherwise the packet is INVALID. */
export function validTcpFlags(flags: readonly TcpFlag[]): boolean {
  return VALID.has(
    flags
      .filter((flag) => flag !== "PSH")
      .sort()
      .join(" "),
  );
}

/** Returns the kind of a segment with these flags. */
export function segmentKind(flags: readonly TcpFlag[]): SegmentKind {
  if (flags.includes("RST")) return "rst";
  if (flags.includes("SYN")) return flags.includes("ACK") ? "synack" : "syn";
  if (flags.includes("FIN")) return "fin";
  return flags.includes("ACK") ? "ack" : "none";
}

type Rows = Readonly<Record<Direction, Readonly<Record<SegmentKind, ReadonlyMap<TcpState, Next>>>>>;

function rowsOf(direction: Direction): Rows[Direction] {
  const row = (kind: SegmentKind): ReadonlyMap<TcpState, Next> =>
    new Map(
      NEXT[direction][kind].split(" ").map((code, at) => [STATES[at] ?? "NONE", CODES[code] ?? "invalid"]),
    );
  return {
    syn: row("syn"),
    synack: row("synack"),
    fin: row("fin"),
    ack: row("ack"),
    rst: row("rst"),
    none: row("none"),
  };
}

const ROWS: Rows = { original: rowsOf("original"), reply: rowsOf("reply") };

/** Returns the state after a segment. `invalid`: the packet is INVALID. `ignored`: the state does not change. */
export function nextTcpState(state: TcpState, direction: Direction, flags: readonly TcpFlag[]): Next {
  return ROWS[direction][segmentKind(flags)].get(state) ?? "invalid";
}
