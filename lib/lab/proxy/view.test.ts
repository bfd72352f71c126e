import type { Snapshot, Socket } from "../../inspect/snapshot";
import { type Stream, withoutChecks } from "./stream";
import { connectionsView } from "./view";

const place = (name: string, address: string, sockets: readonly Socket[] = []): Snapshot => ({
  place: name,
  links: [
    {
      ifindex: 2,
      name: "eth0",
      kind: "veth",
      mtu: 1500,
      up: true,
      operState: "UP",
      addresses: [{ family: "ipv4", address, prefixLength: 24, scope: "global", secondary: false }],
    },
  ],
  routes: [],
  sockets,
});
const socket = (
  state: string,
  localAddress: string,
  localPort: number,
  peerAddress: string,
  peerPort: number,
): Socket => ({
  protocol: "tcp",
  state,
  localAddress,
  localPort,
  peerAddress,
  peerPort,
});
const stream = (local: string, remote: string, sent = "", refused = false): Stream => {
  const end = (text: string) => ({ address: text.split(":")[0] ?? "", port: Number(text.split(":")[1]) });
  return { local: end(local), remote: end(remote), sent, received: "", refused, closed: false };
};
const looks = [place("client", "10.0.0.1"), place("proxy", "10.0.0.2"), place("web", "10.0.0.3")];

test("headers that the proxy added are marked, and those of the client are not", () => {
  const streams = [
    stream("10.0.0.1:40000", "10.0.0.2:80", "GET / HTTP/1.1\r\nHost: shop\r\nVia: 1.0 old\r\n\r\n"),
    stream(
      "10.0.0.2:50000",
      "10.0.0.3:80",
      "GET / HTTP/1.1\r\nhost: shop\r\nvia: 1.0 old\r\nvia: 1.1 proxy\r\n\r\n",
    ),
  ];
  const { connections, parties } = connectionsView({ proxy: "proxy", looks, streams });
  expect(parties?.map(({ name }) => name)).toEqual(["client", "proxy", "web"]);
  expect(connections[1]?.lines?.filter(({ added }) => added)).toEqual([
    { text: "via: 1.1 proxy", added: true },
  ]);
  expect(connections[0]?.lines?.some(({ added }) => added)).toBe(false);
});

test("a connection is open while one end has a socket for it, including dual-stack sockets", () => {
  const [client, proxy, web] = looks;
  if (!client || !proxy || !web) throw new Error("three places");
  const both = socket("ESTAB", "::ffff:10.0.0.2", 8888, "::ffff:10.0.0.1", 40000);
  const old = socket("TIME-WAIT", "10.0.0.2", 50001, "10.0.0.3", 80);
  const listen: Socket = { protocol: "tcp", state: "LISTEN", localAddress: "::", localPort: 8888 };
  const now = connectionsView({
    proxy: "proxy",
    looks: [client, place("proxy", "10.0.0.2", [listen, both, old]), web],
  });
  expect(now.connections).toMatchObject([{ from: "client", to: "proxy", state: "open" }]);
});

test("removes health checks, and those refused connections that are not in the log", () => {
  const all = [
    stream("10.0.0.1:40000", "10.0.0.2:80", "GET / HTTP/1.1\r\n\r\n"),
    stream("10.0.0.2:50000", "10.0.0.3:80"),
    stream("10.0.0.2:50001", "10.0.0.3:80", "GET /health HTTP/1.0\r\n\r\n"),
    stream("10.0.0.2:50002", "10.0.0.3:80", "PROXY TCP4 10.0.0.2 10.0.0.3 50002 80\r\n"),
    stream("10.0.0.2:50003", "10.0.0.3:80", "", true),
    stream("10.0.0.2:50004", "10.0.0.3:80", "GET / HTTP/1.1\r\n\r\n"),
  ];
  expect(withoutChecks(all, "10.0.0.2", []).map(({ local }) => local.port)).toEqual([40000, 50004]);
});
