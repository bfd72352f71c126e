/** Packets and bytes as text: a 64-bit counter does not always fit into a number. */
export type TextCounters = readonly [packets: string, bytes: string];

const COUNTERS = /^\[(\d+):(\d+)\]/;

/** Shared by all chains whose counters are zero. */
const ZERO_COUNTERS: TextCounters = ["0", "0"];

/** Reads `[PACKETS:BYTES]` at the start of the text. */
export function readCounters(text: string): TextCounters | undefined {
  if (text === "[0:0]") return ZERO_COUNTERS;
  const [, packets, bytes] = COUNTERS.exec(text) ?? [];
  return packets === undefined || bytes === undefined ? undefined : [packets, bytes];
}
