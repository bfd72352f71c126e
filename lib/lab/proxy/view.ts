import type { Connection, ConnectionsView, HeaderLine, SocketEnd } from "../../chart/connections";
import type { Snapshot, Socket } from "../../inspect/snapshot";
import { key, type Stream } from "./stream";

/** What a view is made of: one look at every side, what went over the wire meanwhile, and what the proxy logged. */
export interface Seen {
  /** Name of the proxy. */
  readonly proxy: string;
  /** Every place of the lab now. */
  readonly looks: readonly Snapshot[];
  /** What passed at the proxy. Without it: the connections that sockets tell of. */
  readonly streams?: readonly Stream[];
  /** Lines that the proxy logged meanwhile. */
  readonly log?: readonly string[];
}

/** Most connections that one picture shows. */
const MOST = 8;
// Lines that proxies write, whether the client wrote one as well or not.
const PROXIED = /^(?:via|forwarded|x-forwarded-[a-z]+|x-tinyproxy|x-real-ip):/i;
// Who talked, and not what was talked about, in a request's head.
const QUIET = /^(?:accept|user-agent|connection|proxy-connection):/i;
// HAProxy's own messages begin with a bracket. What tinyproxy writes before each line: level, time, process.
const STAMP = /^[A-Z]+ +[A-Z][a-z]{2} +\d+ [\d:.]+ \[\d+\]: /;

/** Lays the sides together: who opened which connection to whom, with what each of the two sees of the other. */
export function connectionsView({ proxy, looks, streams, log = [] }: Seen): ConnectionsView {
  const sockets = openSockets(looks);
  const found = streams ?? fromSockets(proxy, looks);
  const shown = found.slice(0, MOST);
  const clear = shown
    .filter(({ remote }) => placeOf(looks, remote.address) === proxy)
    .map(({ sent }) => sent);
  const connections = shown.map((stream) => connection(stream, { looks, sockets, proxy, clear }));
  const notes = [
    ...(found.length > MOST ? [`${found.length - MOST} more connections are not drawn.`] : []),
    ...log
      .filter((line) => !line.startsWith("["))
      .slice(-3)
      .map((line) => `${proxy} logged: ${line.replace(STAMP, "")}`),
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
  /** What clients sent to the proxy. */
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
    ...(secret ? { note: "encrypted: on this stretch nobody else can read what is asked" } : {}),
    state: refused ? "refused" : open ? "open" : "closed",
  };
}

/** The head of a request; what a proxy added to those in `before` stands out. */
function headOf(sent: string, before?: readonly string[]): readonly HeaderLine[] {
  const head = sent.split("\r\n\r\n")[0] ?? "";
  if (!/^(?:PROXY |[A-Z]+ \S+ HTTP\/1)/.test(head)) return [];
  const known = new Set((before ?? []).flatMap((each) => each.toLowerCase().split("\r\n")));
  return head
    .split("\r\n")
    .filter((text) => text !== "" && !QUIET.test(text))
    .map((text) => {
      const added =
        before !== undefined &&
        (text.startsWith("PROXY ") || (PROXIED.test(text) && !known.has(text.toLowerCase())));
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

// A socket for both families has an IPv4 peer as ::ffff:10.0.0.1.
const plain = (address: string): string => address.replace(/^\[?::ffff:(\d+\.\d+\.\d+\.\d+)\]?$/, "$1");

/** The open connections of which one end is at the proxy, from what the sockets of all sides say. */
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
