import type { SocketEnd } from "../../chart/connections";
import { type CapturedPacket, parsePcap } from "../../inspect/read/pcap";
import type { ProxiedRequest } from "./log";

/** A TCP connection in a capture. */
export interface Stream {
  /** The end that opened the connection, and the other one. */
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  /** The first bytes from `local`, and the first bytes from `remote`. */
  readonly sent: string;
  readonly received: string;
  /** True if the reply to the SYN was a reset. */
  readonly refused: boolean;
  /** True if both ends sent FIN, or one sent RST. */
  readonly closed: boolean;
}

// Enough for the headers of a request. The body is not drawn.
const HEAD_BYTES = 4096;
const RECORD_HEADER = 16;
const COOKED_HEADER = 20;

/** Returns the connections in a capture, in the order of their first packets. */
export function readStreams(file: Buffer): readonly Stream[] {
  const growing = new Map<string, Growing>();
  for (const packet of parsePcap(file)) {
    if (packet.protocol !== "tcp" || packet.sport === undefined || packet.dport === undefined) continue;
    const from = { address: packet.src, port: packet.sport };
    const to = { address: packet.dst, port: packet.dport };
    const reply = growing.get(key(to, from));
    const stream = reply ?? growing.get(key(from, to)) ?? opened(from, to, packet);
    if (!growing.has(key(stream.local, stream.remote))) growing.set(key(stream.local, stream.remote), stream);
    const sender =
      stream.local.address === from.address && stream.local.port === from.port ? "sent" : "received";
    grow(stream, sender, packet, file);
  }
  return [...growing.values()].map(({ local, remote, sent, received, ...stream }) => ({
    local,
    remote,
    sent: join(sent),
    received: join(received),
    refused: stream.refused,
    closed: stream.reset || stream.fins.size === 2,
  }));
}

type Side = "sent" | "received";

interface Growing {
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  /** Payload by sequence number, so that retransmissions count once. */
  readonly sent: Map<number, Buffer>;
  readonly received: Map<number, Buffer>;
  readonly fins: Set<Side>;
  answered: boolean;
  refused: boolean;
  reset: boolean;
}

// If the connection was open before the capture, assumes that the end with the higher port opened it (ip_local_port_range).
function opened(from: SocketEnd, to: SocketEnd, { flags = "" }: CapturedPacket): Growing {
  const forth = flags === "S" || (flags !== "S." && from.port > to.port);
  const fresh = { sent: new Map(), received: new Map(), fins: new Set<Side>() };
  const ends = forth ? { local: from, remote: to } : { local: to, remote: from };
  return { ...ends, ...fresh, answered: flags !== "S", refused: false, reset: false };
}

function grow(stream: Growing, sender: Side, packet: CapturedPacket, file: Buffer): void {
  const { flags = "" } = packet;
  if (flags.includes("S") && sender === "received") stream.answered = true;
  if (flags.includes("F")) stream.fins.add(sender);
  if (flags.includes("R")) {
    stream.reset = true;
    if (!stream.answered) stream.refused = true;
  }
  const [sequence, payload] = payloadOf(packet, file);
  if (payload.length > 0 && !stream[sender].has(sequence)) stream[sender].set(sequence, payload);
}

function payloadOf(
  { record: [begin, end], family }: CapturedPacket,
  file: Buffer,
): readonly [number, Buffer] {
  const network = file.subarray(begin + RECORD_HEADER + COOKED_HEADER, end);
  const segment =
    family === "ipv6"
      ? network.subarray(40, 40 + network.readUInt16BE(4))
      : network.subarray(((network[0] ?? 0) & 15) * 4, network.readUInt16BE(2));
  return [segment.readUInt32BE(4), segment.subarray(((segment[12] ?? 0) >> 4) * 4)];
}

function join(parts: ReadonlyMap<number, Buffer>): string {
  return Buffer.concat([...parts.values()])
    .subarray(0, HEAD_BYTES)
    .toString("latin1");
}

/**
 * Removes the health checks of a reverse proxy at `address`: connections from it that carry no data or an HTTP/1.0 request
 * (HAProxy forwards requests as 1.1), or whose PROXY header has no other client. Refused connections can't be told apart,
 * so as many of them are kept as the log contains.
 */
export function withoutChecks(
  streams: readonly Stream[],
  address: string,
  log: readonly ProxiedRequest[],
): readonly Stream[] {
  let refusals = log.reduce((sum, { retries, state }) => sum + retries + (state.startsWith("SC") ? 1 : 0), 0);
  return streams.filter(({ local, sent, received, refused }) => {
    if (local.address !== address) return true;
    if (refused) return refusals-- > 0;
    if (sent.startsWith(`PROXY TCP4 ${address} `) || sent.startsWith(`PROXY TCP6 ${address} `)) return false;
    return `${sent}${received}` !== "" && !/^(?:PROXY UNKNOWN|\S+ \S+ HTTP\/1\.0)\r\n/.test(sent);
  });
}

/** Returns a key for the connection from `a` to `b`. */
export function key(a: SocketEnd, b: SocketEnd): string {
  return `${a.address}:${a.port} ${b.address}:${b.port}`;
}
