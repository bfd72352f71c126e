import type { Link, Route, Snapshot } from "../../inspect/snapshot";
import { worldOf } from "../../inspect/world";
import type { Packet, Step } from "../model";
import { converse, journey } from ".";

let inode = 100;

interface Wired {
  readonly name: string;
  readonly ifindex: number;
  readonly address?: string;
  readonly peer?: { readonly ifindex: number; readonly netns: number };
  readonly master?: string;
  readonly hairpin?: boolean;
  readonly kind?: string;
}

function place(
  name: string,
  netns: number,
  links: readonly Wired[],
  more: { routes?: string[]; rules?: string; bridgeCalls?: boolean } = {},
): Snapshot {
  const lo: Wired = { name: "lo", ifindex: 1, address: "127.0.0.1/8", kind: "loopback" };
  const all = [lo, ...links].map((wired): Link => {
    const [address, length] = wired.address?.split("/") ?? [];
    return {
      ifindex: wired.ifindex,
      name: wired.name,
      kind: wired.kind ?? "veth",
      mac: `02:00:00:00:${netns.toString(16).padStart(2, "0")}:${wired.ifindex.toString(16).padStart(2, "0")}`,
      mtu: 1500,
      up: true,
      operState: "UP",
      ...(wired.master === undefined ? {} : { master: wired.master }),
      ...(wired.hairpin === undefined ? {} : { hairpin: wired.hairpin }),
      ...(wired.peer === undefined ? {} : { peer: { ...wired.peer, netnsId: wired.peer.netns } }),
      addresses:
        address === undefined
          ? []
          : [
              {
                family: "ipv4",
                address,
                prefixLength: Number(length),
                scope: wired.name === "lo" ? "host" : "global",
                secondary: false,
              },
            ],
    };
  });
  const connected = links.flatMap(({ name: dev, address }): Route[] => {
    if (address === undefined) return [];
    const [source = "", length] = address.split("/");
    return [
      {
        family: "ipv4",
        destination: `${source.split(".").slice(0, 3).join(".")}.0/${length}`,
        type: "unicast",
        table: "main",
        dev,
        source,
      },
    ];
  });
  const routes = (more.routes ?? []).map((text): Route => {
    const [destination = "", via = "", dev = ""] = text.split(" ");
    return { family: "ipv4", destination, type: "unicast", table: "main", via, dev };
  });
  return {
    place: name,
    netns,
    links: all,
    routes: [...connected, ...routes],
    sysctls: {
      "net.ipv4.conf.all.rp_filter": "0",
      "net.ipv4.ip_forward": "1",
      ...(more.bridgeCalls === true ? { "net.bridge.bridge-nf-call-iptables": "1" } : {}),
    },
    iptables: more.rules === undefined ? [] : [{ family: "ipv4", variant: "nft", text: more.rules }],
  };
}

const tcp = (src: string, dst: string, dport: number): Packet => ({
  family: "ipv4",
  src,
  dst,
  protocol: "tcp",
  sport: 40000,
  dport,
  tcpFlags: ["SYN"],
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
});

const DOCKER = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 172.17.0.2/32 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
`;

const docker = (bridgeCalls = false): Snapshot[] => [
  place(
    "host",
    1,
    [
      { name: "eth0", ifindex: 2, address: "192.0.2.1/24" },
      { name: "docker0", ifindex: 3, address: "172.17.0.1/16", kind: "bridge" },
      { name: "veth1", ifindex: 5, master: "docker0", peer: { ifindex: 4, netns: 2 } },
      { name: "veth2", ifindex: 7, master: "docker0", peer: { ifindex: 4, netns: 3 } },
    ],
    { rules: DOCKER, bridgeCalls },
  ),
  place("web", 2, [{ name: "eth0", ifindex: 4, address: "172.17.0.2/16", peer: { ifindex: 5, netns: 1 } }], {
    routes: ["0.0.0.0/0 172.17.0.1 eth0"],
  }),
  place(
    "client",
    3,
    [{ name: "eth0", ifindex: 4, address: "172.17.0.3/16", peer: { ifindex: 7, netns: 1 } }],
    { routes: ["0.0.0.0/0 172.17.0.1 eth0"] },
  ),
  place("outside", 4, [{ name: "eth0", ifindex: 9, address: "192.0.2.9/24" }]),
];

const hops = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => (step.kind === "link" ? [`${step.from.place}>${step.to.place}`] : []));
const only = <T>(outcomes: readonly T[]): T => {
  expect(outcomes).toHaveLength(1);
  const [first] = outcomes;
  if (first === undefined) throw new Error("no outcome");
  return first;
};

describe("a container on a Docker host", () => {
  const world = worldOf(docker());

  test("a container's request leaves with the host's address, and the reply and the second packet need no rule", () => {
    const { request, reply, second } = converse(world, "web", tcp("172.17.0.2", "192.0.2.9", 80));
    const there = only(request.outcomes);
    expect(there).toMatchObject({
      place: "outside",
      delivered: true,
      packet: { src: "192.0.2.1", dst: "192.0.2.9", sport: 40000, ttl: 63 },
    });
    expect(hops(there.steps)).toEqual(["web>host", "host>outside"]);
    const back = only(reply?.outcomes ?? []);
    expect(back).toMatchObject({
      place: "web",
      delivered: true,
      packet: { src: "192.0.2.9", dst: "172.17.0.2", dport: 40000 },
    });
    const again = only(second?.outcomes ?? []);
    expect(again).toMatchObject({ place: "outside", packet: { src: "192.0.2.1" } });
    expect(again.steps.some((step) => step.kind === "rule" && step.table === "nat")).toBe(false);
    expect(again.steps.some((step) => step.kind === "nat")).toBe(true);
  });

  test("a published port reaches the container, which sees the client's address", () => {
    const { request, reply } = converse(world, "outside", tcp("192.0.2.9", "192.0.2.1", 8080));
    expect(only(request.outcomes)).toMatchObject({
      place: "web",
      delivered: true,
      packet: { src: "192.0.2.9", dst: "172.17.0.2", dport: 80 },
    });
    expect(only(reply?.outcomes ?? [])).toMatchObject({
      place: "outside",
      packet: { src: "192.0.2.1", sport: 8080 },
    });
  });

  test("a container reaches itself through its published port: hairpin, masqueraded", () => {
    const { request, reply } = converse(world, "web", tcp("172.17.0.2", "192.0.2.1", 8080));
    const there = only(request.outcomes);
    expect(there).toMatchObject({
      verdict: "accept",
      place: "web",
      packet: { src: "172.17.0.1", dst: "172.17.0.2", dport: 80 },
    });
    expect(hops(there.steps)).toEqual(["web>host", "host>web"]);
    expect(only(reply?.outcomes ?? [])).toMatchObject({
      place: "web",
      packet: { src: "192.0.2.1", sport: 8080, dst: "172.17.0.2" },
    });
  });

  test("an unpublished port of the host is answered by the host itself", () => {
    expect(only(journey(world, "outside", tcp("192.0.2.9", "192.0.2.1", 22)).outcomes)).toMatchObject({
      place: "host",
      delivered: true,
    });
  });

  test("an address that no host has is unreachable: no route to host", () => {
    expect(only(journey(world, "web", tcp("172.17.0.2", "172.17.0.77", 80)).outcomes)).toMatchObject({
      verdict: "unreachable",
      place: "web",
    });
  });

  test("a packet to itself goes over lo", () => {
    const { request, reply } = converse(world, "web", tcp("172.17.0.2", "172.17.0.2", 80));
    expect(hops(only(request.outcomes).steps)).toEqual(["web>web"]);
    expect(only(reply?.outcomes ?? [])).toMatchObject({ place: "web", delivered: true });
  });
});

describe("two containers on one bridge", () => {
  const between = tcp("172.17.0.3", "172.17.0.2", 81);

  test("without br_netfilter, no rule of the host is evaluated", () => {
    const there = only(journey(worldOf(docker(false)), "client", between).outcomes);
    expect(there).toMatchObject({ place: "web", delivered: true, packet: { ttl: 64 } });
    expect(there.steps.some((step) => step.kind === "rule" || step.kind === "policy")).toBe(false);
  });

  test("with br_netfilter, FORWARD is evaluated with the bridge as both devices", () => {
    const there = only(journey(worldOf(docker(true)), "client", between).outcomes);
    expect(there).toMatchObject({ place: "host", verdict: "drop" });
    const last = there.steps.findLast((step) => step.kind === "policy");
    expect(last).toMatchObject({ hook: "FORWARD", policy: "DROP", in: "docker0", out: "docker0" });
  });
});

const SERVICE = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SEP-1 - [0:0]
:KUBE-SEP-2 - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A
-A KUBE-SVC-A -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-1
-A KUBE-SVC-A -j KUBE-SEP-2
-A KUBE-SEP-1 -s 10.244.1.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.244.1.2:8080
-A KUBE-SEP-2 -s 10.244.2.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.244.2.2:8080
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
`;

function cluster(): Snapshot[] {
  const nodes: Snapshot[] = [];
  for (const n of [1, 2]) {
    const node = inode++;
    const [web, client] = [inode++, inode++];
    const other = 3 - n;
    nodes.push(
      place(
        `node${n}`,
        node,
        [
          { name: "eth0", ifindex: 2, address: `192.168.0.${n}/24` },
          { name: "cni0", ifindex: 3, address: `10.244.${n}.1/24`, kind: "bridge" },
          { name: "vethweb", ifindex: 10, master: "cni0", hairpin: true, peer: { ifindex: 2, netns: web } },
          { name: "vethcli", ifindex: 11, master: "cni0", peer: { ifindex: 2, netns: client } },
        ],
        { rules: SERVICE, routes: [`10.244.${other}.0/24 192.168.0.${other} eth0`], bridgeCalls: true },
      ),
      place(
        `web${n}`,
        web,
        [{ name: "eth0", ifindex: 2, address: `10.244.${n}.2/24`, peer: { ifindex: 10, netns: node } }],
        { routes: [`0.0.0.0/0 10.244.${n}.1 eth0`] },
      ),
      place(
        `client${n}`,
        client,
        [{ name: "eth0", ifindex: 2, address: `10.244.${n}.3/24`, peer: { ifindex: 11, netns: node } }],
        { routes: [`0.0.0.0/0 10.244.${n}.1 eth0`] },
      ),
    );
  }
  return nodes;
}

describe("a ClusterIP over two nodes", () => {
  const world = worldOf(cluster());

  test("each endpoint gets one half, and sees the pod's own address", () => {
    const { outcomes } = journey(world, "client1", tcp("10.244.1.3", "10.96.0.10", 80));
    expect(
      outcomes.map(({ place: at, probability, packet }) => [
        at,
        `${probability.numerator}/${probability.denominator}`,
        packet.src,
      ]),
    ).toEqual([
      ["web1", "1/2", "10.244.1.3"],
      ["web2", "1/2", "10.244.1.3"],
    ]);
    expect(hops(outcomes[1]?.steps ?? [])).toEqual(["client1>node1", "node1>node2", "node2>web2"]);
  });

  test("the reply from the other node has the service's address, and the second packet takes the same path", () => {
    const { reply, second } = converse(world, "client1", tcp("10.244.1.3", "10.96.0.10", 80), {
      follow: (outcomes) => outcomes.find(({ place: at }) => at === "web2"),
    });
    expect(only(reply?.outcomes ?? [])).toMatchObject({
      place: "client1",
      delivered: true,
      packet: { src: "10.96.0.10", sport: 80, dst: "10.244.1.3" },
    });
    expect(only(second?.outcomes ?? [])).toMatchObject({
      place: "web2",
      certain: true,
      packet: { dst: "10.244.2.2", dport: 8080 },
    });
  });

  test("NAT of a reply over the same bridge is undone by br_netfilter", () => {
    const { reply } = converse(world, "client1", tcp("10.244.1.3", "10.96.0.10", 80), {
      follow: (outcomes) => outcomes.find(({ place: at }) => at === "web1"),
    });
    expect(only(reply?.outcomes ?? [])).toMatchObject({
      place: "client1",
      packet: { src: "10.96.0.10", sport: 80 },
    });
  });

  test("a pod that reaches itself through its service is masqueraded", () => {
    const { reply, request } = converse(world, "web1", tcp("10.244.1.2", "10.96.0.10", 80), {
      follow: (outcomes) => outcomes.find(({ place: at }) => at === "web1"),
    });
    expect(request.outcomes[0]).toMatchObject({
      place: "web1",
      packet: { src: "10.244.1.1", dst: "10.244.1.2" },
    });
    expect(only(reply?.outcomes ?? [])).toMatchObject({
      place: "web1",
      packet: { src: "10.96.0.10", dst: "10.244.1.2" },
    });
  });

  test("a node's own process reaches a pod of the other node", () => {
    const { request, reply } = converse(world, "node1", tcp("192.168.0.1", "10.244.2.2", 8080));
    expect(only(request.outcomes)).toMatchObject({ place: "web2" });
    expect(only(reply?.outcomes ?? [])).toMatchObject({ place: "node1", delivered: true });
  });
});
