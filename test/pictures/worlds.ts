import type { InterfaceAddress, Link, Snapshot } from "../../lib/inspect/snapshot";
import type { World, WorldContainer, WorldPlace } from "../../lib/inspect/world";

/** Helpers to write the output of `ip -d -s link` and `ip addr` in a lab by hand. */

function address(text: string): InterfaceAddress {
  const [ip = "", prefix = "32"] = text.split("/");
  return {
    family: ip.includes(":") ? "ipv6" : "ipv4",
    address: ip,
    prefixLength: Number(prefix),
    scope: ip.startsWith("fe80") ? "link" : "global",
    secondary: false,
  };
}

interface LinkExtra {
  readonly master?: string;
  readonly peer?: { readonly ifindex: number; readonly netnsId?: number };
  readonly up?: boolean;
  readonly packets?: readonly [number, number];
}

export function link(
  ifindex: number,
  name: string,
  kind: string,
  addresses: readonly string[] = [],
  extra: LinkExtra = {},
): Link {
  const { master, peer, packets, up = true } = extra;
  return {
    ifindex,
    name,
    kind,
    mtu: 1500,
    up,
    operState: up ? "UP" : "DOWN",
    addresses: addresses.map(address),
    ...(master === undefined ? {} : { master }),
    ...(peer === undefined ? {} : { peer }),
    ...(packets === undefined
      ? {}
      : {
          counters: {
            rxPackets: packets[0],
            rxBytes: packets[0] * 84,
            txPackets: packets[1],
            txBytes: packets[1] * 84,
          },
        }),
  };
}

const lo = link(1, "lo", "loopback", ["127.0.0.1/8"]);

export function snapshot(place: string, links: readonly Link[]): Snapshot {
  return { place, links: [lo, ...links], routes: [] };
}

type Kind = WorldPlace["kind"];

export function worldPlace(
  name: string,
  kind: Kind,
  links: readonly Link[],
  more: Partial<WorldPlace> = {},
): WorldPlace {
  return { name, kind, snapshot: snapshot(name, links), ...more };
}

const pause: WorldContainer = { name: "pause", role: "pause" };
const app = (name: string, detail: string): WorldContainer => ({ name, role: "app", detail });

/** Two nodes with pods, as in the sketch. */
export function cluster(perNode: readonly [number, number] = [2, 2]): World {
  const places: WorldPlace[] = [];
  perNode.forEach((many, n) => {
    const name = `node${n + 1}`;
    const ports: Link[] = [];
    for (let i = 0; i < many; i += 1) {
      const pod = n === 0 && i === 0 ? "client" : `web-${n * perNode[0] + i - 1}`;
      const address4 = `10.244.${n + 1}.${i + 2}/24`;
      const ifindex = 7 + 2 * i;
      ports.push(
        link(ifindex, `veth${ifindex}`, "veth", [], { master: "br-pods", peer: { ifindex: 2, netnsId: i } }),
      );
      places.push(
        worldPlace(
          pod,
          "pod",
          [link(2, "eth0", "veth", [address4], { peer: { ifindex, netnsId: 0 }, packets: [12 + i, 9 + n] })],
          {
            parent: name,
            containers: [
              pause,
              pod === "client"
                ? app("sh", "--net=container:pause")
                : app("nginx :8080", "--net=container:pause"),
            ],
          },
        ),
      );
    }
    places.push(
      worldPlace(
        name,
        "node",
        [
          link(4, "eth0", "veth", [`172.30.0.1${n + 1}/24`], { peer: { ifindex: 90 + n, netnsId: 0 } }),
          link(3, "br-pods", "bridge", [`10.244.${n + 1}.1/24`]),
          ...ports,
        ],
        {
          detail: `pod CIDR 10.244.${n + 1}.0/24`,
        },
      ),
    );
  });
  const order = ["node1", "node2"];
  return {
    name: "cluster",
    network: { name: "lab network", subnet: "172.30.0.0/24" },
    places: places.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    notes: ["service web, 10.96.0.10:80: no interface has this address, it exists in the nodes' rules only"],
  };
}

/** Docker: one host with two networks and two containers, and an outside. */
export function docker(): World {
  return {
    name: "docker networking",
    network: { name: "lab network", subnet: "172.30.0.0/24" },
    places: [
      worldPlace(
        "outside",
        "outside",
        [link(22, "eth0", "veth", ["172.30.0.3/24"], { peer: { ifindex: 23, netnsId: 0 } })],
        { containers: [app("nginx :80", "answers with the client's address")] },
      ),
      worldPlace("host1", "docker-host", [
        link(20, "eth0", "veth", ["172.30.0.2/24"], { peer: { ifindex: 21, netnsId: 0 } }),
        link(2, "docker0", "bridge", ["172.17.0.1/16"]),
        link(3, "br-4f1c2a9d0b77", "bridge", ["172.18.0.1/16"]),
        link(6, "veth3c1a9f0", "veth", [], { master: "docker0", peer: { ifindex: 5, netnsId: 1 } }),
        link(8, "veth77ab0c1", "veth", [], { master: "docker0", peer: { ifindex: 7, netnsId: 2 } }),
        link(10, "vethde01f22", "veth", [], { master: "br-4f1c2a9d0b77", peer: { ifindex: 9, netnsId: 3 } }),
      ]),
      worldPlace(
        "web",
        "container",
        [
          link(5, "eth0", "veth", ["172.17.0.2/16"], {
            peer: { ifindex: 6, netnsId: 0 },
            packets: [120, 88],
          }),
        ],
        { parent: "host1", containers: [app("nginx :80", "-p 8080:80")] },
      ),
      worldPlace(
        "client",
        "container",
        [link(7, "eth0", "veth", ["172.17.0.3/16"], { peer: { ifindex: 8, netnsId: 0 }, packets: [10, 14] })],
        { parent: "host1", containers: [app("sleep", "base")] },
      ),
      worldPlace(
        "apart",
        "container",
        [link(9, "eth0", "veth", ["172.18.0.2/16"], { peer: { ifindex: 10, netnsId: 0 } })],
        { parent: "host1", containers: [app("sleep", "base")] },
      ),
    ],
  };
}

/** Chapter 1: two namespaces and one veth pair. */
export function pair(): World {
  return {
    name: "two namespaces",
    places: [
      worldPlace("red", "netns", [
        link(3, "veth-red", "veth", ["10.0.0.1/24"], { peer: { ifindex: 4, netnsId: 0 }, packets: [3, 3] }),
      ]),
      worldPlace("blue", "netns", [
        link(4, "veth-blue", "veth", ["10.0.0.2/24"], { peer: { ifindex: 3, netnsId: 0 }, packets: [3, 3] }),
      ]),
    ],
  };
}

/** A chain through a router, with IPv4 and IPv6. */
export function chain(): World {
  return {
    name: "client, router, server",
    places: [
      worldPlace("client", "netns", [
        link(2, "eth0", "veth", ["10.0.0.2/24", "fd00:0:0:1::2/64"], { peer: { ifindex: 3, netnsId: 0 } }),
      ]),
      worldPlace("router", "netns", [
        link(3, "vc", "veth", ["10.0.0.1/24", "fd00:0:0:1::1/64"], { peer: { ifindex: 2, netnsId: 0 } }),
        link(4, "vs", "veth", ["192.168.0.1/24", "fd00:0:0:2::1/64"], { peer: { ifindex: 5, netnsId: 1 } }),
      ]),
      worldPlace("server", "netns", [
        link(5, "eth0", "veth", ["192.168.0.10/24", "fd00:0:0:2::10/64"], {
          peer: { ifindex: 4, netnsId: 0 },
          up: false,
        }),
      ]),
    ],
  };
}

/** A bridge in a separate namespace, several namespaces connected to it, and a tap device. */
export function hub(leaves = 3): World {
  const names = ["red", "blue", "green", "yellow", "violet", "orange", "grey", "white"];
  return {
    name: "one bridge",
    places: [
      worldPlace("switch", "netns", [
        link(2, "br0", "bridge", []),
        ...Array.from({ length: leaves }, (_, i) =>
          link(10 + i, `veth-${names[i]}`, "veth", [], { master: "br0", peer: { ifindex: 2, netnsId: i } }),
        ),
        link(9, "tap0", "tun", [], { master: "br0" }),
      ]),
      ...Array.from({ length: leaves }, (_, i) =>
        worldPlace(names[i] ?? "", "netns", [
          link(2, "eth0", "veth", [`10.0.0.${i + 1}/24`], { peer: { ifindex: 10 + i, netnsId: 0 } }),
        ]),
      ),
    ],
  };
}

/** A ring of routers, which cannot be drawn as a chain. */
export function ring(): World {
  const n = 5;
  return {
    name: "a ring of routers",
    places: Array.from({ length: n }, (_, i) => {
      const next = (i + 1) % n;
      const before = (i + n - 1) % n;
      return worldPlace(`router-${i}`, "netns", [
        link(100 + 10 * i + next, `to-${next}`, "veth", [`10.0.${i}.1/30`], {
          peer: { ifindex: 100 + 10 * next + i, netnsId: 1 },
        }),
        link(100 + 10 * i + before, `to-${before}`, "veth", [`10.0.${before}.2/30`], {
          peer: { ifindex: 100 + 10 * before + i, netnsId: 0 },
        }),
      ]);
    }),
  };
}

/** Two engines with an overlay network, long names and IPv6 addresses. */
export function engines(): World {
  const node = (n: number, engine: string): readonly WorldPlace[] => [
    worldPlace(
      `node-with-a-rather-long-name-${n}`,
      "node",
      [
        link(4, "eth0", "vxlan", [`172.30.0.1${n}/24`, `fd00:172:30::1${n}/64`]),
        link(3, "br-pods", "bridge", [`10.244.${n}.1/24`, `fd00:10:244:${n}::1/64`]),
        link(7, "veth7", "veth", [], { master: "br-pods", peer: { ifindex: 2, netnsId: 0 } }),
        link(9, "veth9", "veth", [], { master: "br-pods", peer: { ifindex: 2, netnsId: 1 }, up: false }),
      ],
      { parent: engine, detail: `pod CIDR 10.244.${n}.0/24` },
    ),
    worldPlace(
      `a-pod-whose-name-fills-all-sixty-three-characters-of-a-label-${n}`,
      "pod",
      [
        link(2, "eth0", "veth", [`10.244.${n}.2/24`, `fd00:10:244:${n}:aaaa:bbbb:cccc:1002/64`], {
          peer: { ifindex: 7, netnsId: 0 },
          packets: [1_234_567, 890],
        }),
      ],
      {
        parent: `node-with-a-rather-long-name-${n}`,
        containers: [
          pause,
          app("nginx-with-a-long-name :8080", "registry.example/wirebook/web:4f1c2a9d0b77aa"),
        ],
      },
    ),
    worldPlace(
      `pod-${n}-b`,
      "pod",
      [link(2, "eth0", "veth", [`10.244.${n}.3/24`], { peer: { ifindex: 9, netnsId: 0 } })],
      {
        parent: `node-with-a-rather-long-name-${n}`,
        containers: [pause, { ...app("nginx :8080", "web"), running: false }],
      },
    ),
  ];
  return {
    name: "over two engines",
    network: { name: "overlay wirebook-lab", subnet: "172.30.0.0/24" },
    places: [
      { name: "engine-a", kind: "engine", detail: "Docker 20.10, swarm manager" },
      { name: "engine-b", kind: "engine", detail: "Docker 20.10, swarm worker" },
      ...node(1, "engine-a"),
      ...node(2, "engine-b"),
      worldPlace("outside", "outside", [link(4, "eth0", "vxlan", ["172.30.0.3/24"])], { parent: "engine-b" }),
    ],
  };
}
