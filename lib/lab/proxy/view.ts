import type { Connection, ConnectionsView, HeaderLine, SocketEnd } from "../../chart/connections";
import type { Snapshot, Socket } from "../../inspect/snapshot";
import { key, type Stream } from "./stream";

/** The input of {@link connectionsView}. */
export interface Seen {
  /** Name of the proxy. */
  readonly proxy: string;
  /** Snapshots of all places of the lab. */
  readonly looks: readonly Snapshot[];
  /** The captured connections. Default: the open connections in the snapshots. */
  readonly streams?: readonly Stream[];
  /** Lines that the proxy logged during the capture. */
  readonly log?: readonly string[];
}

/** Maximum number of connections in a picture. */
const MAX_CONNECTIONS = 8;
// Headers that proxies add.
const PROXY_HEADER = /^(?:via|forwarded|x-forwarded-[a-z]+|x-tinyproxy|x-real-ip):/i;
// Headers that are not drawn.
const HIDDEN_HEADER = /^(?:accept|user-agent|connection|proxy-connection):/i;
// tinyproxy's prefix: level, time, pid.
const LOG_PREFIX = /^[A-Z]+ +[A-Z][a-z]{2} +\d+ [\d:.]+ \[\d+\]: /;

/** Builds the data of a connections picture: who opened each connection to whom, and what each end sees of the other. */
export function connectionsView({ proxy, looks, streams, log = [] }: Seen): ConnectionsView {
  const sockets = openSockets(looks);
  const found = streams ?? fromSockets(proxy, looks);
  const shown = found.slice(0, MAX_CONNECTIONS);
  const clear = shown
    .filter(({ remote }) => placeOf(looks, remote.address) === proxy)
    .map(({ sent }) => sent);
  const connections = shown.map((stream) => connection(stream, { looks, sockets, proxy, clear }));
  const notes = [
    ...(found.length > MAX_CONNECTIONS
      ? [`${found.length - MAX_CONNECTIONS} more connections are not drawn.`]
      : []),
    ...log
      // HAProxy's own messages start with a bracket.
      .filter((line) => !line.startsWith("["))
      .slice(-3)
      .map((line) => `${proxy} logged: ${line.replace(LOG_PREFIX, "")}`),
  ];
  const rank = (name: string): number =>
    name === proxy ? 1 : connections.some(({ from, to }) => from === name && to === proxy) ? 0 : 2;
  const names = [...new Set(connections.flatMap(({ from, to }) => [from, to]))].sort(
    (a, b) => rank(a) - rank(b),
  );
  return {
    title: `connections at ${proxy}`,
    ...factOf(found),
    parties: names.map((name) => ({ name, ...detailOf(looks, name) })),
    connections,
    ...(notes.length > 0 ? { notes } : {}),
  };
}

function factOf(found: readonly Stream[]): { readonly fact?: string } {
  const refused = found.filter((stream) => stream.refused).length;
  if (refused === 0) return {};
  const made = found.length - refused;
  return { fact: `${made} TCP connection${made === 1 ? "" : "s"}, and ${refused} refused` };
}

interface Context {
  readonly looks: readonly Snapshot[];
  readonly sockets: ReadonlyMap<string, string>;
  readonly proxy: string;
  /** The data that clients sent to the proxy. */
  readonly clear: readonly string[];
}

function connection(stream: Stream, { looks, sockets, proxy, clear }: Context): Connection {
  const { local, remote, refused, sent } = stream;
  const open = [key(local, remote), key(remote, local)].some((each) => sockets.get(each) === "ESTAB");
  const to = placeOf(looks, remote.address);
  const told = /^PROXY TCP[46] (\S+) \S+ (\d+) \d+\r\n/.exec(sent);
  const lines = to === proxy ? headOf(sent) : headOf(sent, clear);
  const secret = sent.charCodeAt(0) === 0x16;
  return {
    from: placeOf(looks, local.address),
    to,
    local,
    remote,
    ...(refused ? {} : { seen: told ? { address: told[1] ?? "", port: Number(told[2]) } : local }),
    protocol: secret ? "TLS" : /^CONNECT /.test(sent) ? "HTTP CONNECT" : lines.length > 0 ? "HTTP" : "TCP",
    ...(lines.length > 0 ? { lines } : {}),
    ...(secret ? { note: "encrypted: only the two ends can read the request" } : {}),
    state: refused ? "refused" : open ? "open" : "closed",
  };
}

/** Returns the headers of a request. Marks those that a proxy added, compared with the requests in `before`. */
function headOf(sent: string, before?: readonly string[]): readonly HeaderLine[] {
  const head = sent.split("\r\n\r\n")[0] ?? "";
  if (!/^(?:PROXY |[A-Z]+ \S+ HTTP\/1)/.test(head)) return [];
  const known = new Set((before ?? []).flatMap((each) => each.toLowerCase().split("\r\n")));
  return head
    .split("\r\n")
    .filter((text) => text !== "" && !HIDDEN_HEADER.test(text))
    .map((text) => {
      const added =
        before !== undefined &&
        (text.startsWith("PROXY ") || (PROXY_HEADER.test(text) && !known.has(text.toLowerCase())));
      return added ? { text, added } : { text };
    });
}

function openSockets(looks: readonly Snapshot[]): ReadonlyMap<string, string> {
  return new Map(
    looks.flatMap((look) =>
      tcp(look).map(({ local, peer, state }): [string, string] => [key(local, peer), state]),
    ),
  );
}

interface Ends {
  readonly local: SocketEnd;
  readonly peer: SocketEnd;
  readonly state: string;
}

function tcp(look: Snapshot): readonly Ends[] {
  return (look.sockets ?? []).flatMap((socket) => {
    const { peerAddress, peerPort } = socket;
    if (!isConnection(socket) || peerAddress === undefined || peerPort === undefined) return [];
    return [
      {
        local: { address: plain(socket.localAddress), port: socket.localPort },
        peer: { address: plain(peerAddress), port: peerPort },
        state: socket.state,
      },
    ];
  });
}

function isConnection({ protocol, state }: Socket): boolean {
  return protocol === "tcp" && state !== "LISTEN";
}

// A dual-stack socket has an IPv4 peer as ::ffff:10.0.0.1.
const plain = (address: string): string => address.replace(/^\[?::ffff:(\d+\.\d+\.\d+\.\d+)\]?$/, "$1");

/** Returns the open connections with one end at the proxy, from the sockets of all places. */
function fromSockets(proxy: string, looks: readonly Snapshot[]): readonly Stream[] {
  const found = new Map<string, Stream>();
  for (const look of looks) {
    const listening = new Set(
      (look.sockets ?? []).flatMap(({ state, localPort }) => (state === "LISTEN" ? [localPort] : [])),
    );
    for (const { local, peer, state } of tcp(look)) {
      if (state !== "ESTAB") continue;
      if (![local, peer].some(({ address }) => placeOf(looks, address) === proxy)) continue;
      const accepted = listening.has(local.port);
      const ends = accepted ? { local: peer, remote: local } : { local, remote: peer };
      const stream = { ...ends, sent: "", received: "", refused: false, closed: false };
      const name = key(ends.local, ends.remote);
      if (!found.has(name)) found.set(name, stream);
    }
  }
  const inward = ({ remote }: Stream): number => (placeOf(looks, remote.address) === proxy ? 0 : 1);
  return [...found.values()].sort((a, b) => inward(a) - inward(b));
}

function placeOf(looks: readonly Snapshot[], address: string): string {
  const has = (look: Snapshot): boolean =>
    look.links.some(
      ({ name, addresses }) => name !== "lo" && addresses.some((each) => each.address === address),
    );
  return looks.find(has)?.place ?? address;
}

function detailOf(looks: readonly Snapshot[], name: string): { readonly detail?: string } {
  const links = looks.find(({ place }) => place === name)?.links.filter((link) => link.name !== "lo") ?? [];
  const address = links
    .flatMap(({ addresses }) => addresses)
    .find(({ family }) => family === "ipv4")?.address;
  return address === undefined ? {} : { detail: address };
}
