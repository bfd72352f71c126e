import type { TcpFlag } from "../model";
import { nextTcpState, type TcpState, validTcpFlags } from "./tcp";
import type { Direction } from "./tuple";

/** A segment: `> SYN` from the side that opened the connection, `< SYN ACK` from the other one. */
function segment(text: string): readonly [Direction, readonly TcpFlag[]] {
  const [sign, ...names] = text.split(" ");
  const flags = names.filter((name): name is TcpFlag =>
    ["SYN", "ACK", "FIN", "RST", "PSH", "URG"].includes(name),
  );
  return [sign === ">" ? "original" : "reply", flags];
}

/** The states after each segment. A segment that is ignored or invalid does not change the state. */
function states(segments: readonly string[]): readonly string[] {
  let state: TcpState = "NONE";
  return segments.map((text) => {
    const next = nextTcpState(state, ...segment(text));
    if (next !== "invalid" && next !== "ignored") state = next;
    return next;
  });
}

// The names of the states are those of `conntrack -E`. The sequences are those of RFC 9293 and the comments of
// net/netfilter/nf_conntrack_proto_tcp.c.
test.each<[string, readonly (readonly [string, string])[]]>([
  [
    "a connection that the client closes",
    [
      ["> SYN", "SYN_SENT"],
      ["> SYN", "SYN_SENT"],
      ["< SYN ACK", "SYN_RECV"],
      ["> ACK", "ESTABLISHED"],
      ["< PSH ACK", "ESTABLISHED"],
      ["> FIN ACK", "FIN_WAIT"],
      ["< ACK", "CLOSE_WAIT"],
      ["< FIN ACK", "LAST_ACK"],
      ["> ACK", "TIME_WAIT"],
      ["> ACK", "TIME_WAIT"],
      ["< FIN ACK", "TIME_WAIT"],
    ],
  ],
  [
    "a connection that the server closes",
    [
      ["> SYN", "SYN_SENT"],
      ["< SYN ACK", "SYN_RECV"],
      ["> ACK", "ESTABLISHED"],
      ["< FIN ACK", "FIN_WAIT"],
      ["> ACK", "CLOSE_WAIT"],
      ["> FIN ACK", "LAST_ACK"],
      ["< ACK", "TIME_WAIT"],
    ],
  ],
  [
    "both ends that open at the same time",
    [
      ["> SYN", "SYN_SENT"],
      ["< SYN", "SYN_SENT2"],
      ["> SYN", "SYN_SENT2"],
      ["< SYN", "SYN_SENT2"],
      ["> SYN ACK", "SYN_RECV"],
      ["< ACK", "SYN_RECV"],
      ["> ACK", "ESTABLISHED"],
    ],
  ],
  [
    "a refused connection",
    [
      ["> SYN", "SYN_SENT"],
      ["< RST ACK", "CLOSE"],
      ["< ACK", "CLOSE"],
      ["> FIN ACK", "CLOSE"],
      ["> SYN", "SYN_SENT"],
    ],
  ],
  [
    "a connection whose beginning was not seen",
    [
      ["> ACK", "ESTABLISHED"],
      ["< ACK", "ESTABLISHED"],
      ["> RST", "CLOSE"],
    ],
  ],
  [
    "segments that cannot begin a connection",
    [
      ["> SYN ACK", "invalid"],
      ["> FIN ACK", "invalid"],
      ["> RST", "invalid"],
      ["> PSH", "invalid"],
      ["< SYN", "invalid"],
      ["< SYN ACK", "invalid"],
      ["< ACK", "invalid"],
    ],
  ],
  [
    "segments in the wrong direction",
    [
      ["> SYN", "SYN_SENT"],
      ["> SYN ACK", "invalid"],
      ["> ACK", "invalid"],
      ["> FIN ACK", "invalid"],
      ["< ACK", "ignored"],
      ["< FIN ACK", "invalid"],
      ["< SYN ACK", "SYN_RECV"],
      ["< SYN", "invalid"],
      ["> SYN", "ignored"],
      ["< SYN ACK", "ignored"],
      ["> SYN ACK", "SYN_RECV"],
      ["> FIN ACK", "FIN_WAIT"],
      ["> SYN ACK", "invalid"],
      ["> SYN", "ignored"],
      ["< SYN ACK", "ignored"],
    ],
  ],
  [
    "a closed connection that is opened again, by either end",
    [
      ["> SYN", "SYN_SENT"],
      ["< SYN ACK", "SYN_RECV"],
      ["> ACK", "ESTABLISHED"],
      ["> SYN", "ignored"],
      ["> FIN ACK", "FIN_WAIT"],
      ["< FIN ACK", "LAST_ACK"],
      ["> SYN", "ignored"],
      ["< ACK", "TIME_WAIT"],
      ["< SYN", "SYN_SENT"],
    ],
  ],
])("%s", (_, steps) => {
  expect(states(steps.map(([sent]) => sent))).toEqual(steps.map(([, state]) => state));
});

test.each([
  ["SYN", true],
  ["SYN URG", true],
  ["SYN ACK", true],
  ["RST", true],
  ["RST ACK", true],
  ["FIN ACK", true],
  ["FIN ACK URG", true],
  ["ACK", true],
  ["ACK URG", true],
  ["PSH ACK", true],
  ["SYN ACK PSH", true],
  ["FIN", false],
  ["SYN FIN", false],
  ["SYN RST", false],
  ["PSH", false],
  ["URG", false],
  ["", false],
  ["FIN PSH URG", false],
])("conntrack accepts a segment with %s: %s", (flags, valid) => {
  expect(validTcpFlags(segment(`> ${flags}`)[1])).toBe(valid);
});
