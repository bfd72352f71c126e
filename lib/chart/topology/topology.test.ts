import fc from "fast-check";
import { boxFaults, faults, textsOf } from "../../../test/pictures/layout";
import { chain, cluster, docker, hub, link, pair, worldPlace } from "../../../test/pictures/worlds";
import type { World, WorldPlace } from "../../inspect/world";
import { guessPairs } from "./graph";
import { topologyPicture } from "./index";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/);
const v4 = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.2/24`);
const v6 = fc
  .tuple(fc.nat(0xffff), fc.nat(0xffff))
  .map(([a, b]) => `fd00:10:244:${a.toString(16)}:aaaa:bbbb:cccc:${b.toString(16)}/64`);
const addresses = fc.array(fc.oneof(v4, v6), { maxLength: 3 });

interface Node {
  readonly pods: readonly {
    readonly addresses: readonly string[];
    readonly apps: number;
    readonly up: boolean;
  }[];
  readonly bridges: number;
  readonly uplink: boolean;
  readonly taps: number;
}

const node: fc.Arbitrary<Node> = fc.record({
  pods: fc.array(fc.record({ addresses, apps: fc.nat(3), up: fc.boolean() }), { maxLength: 12 }),
  bridges: fc.nat(2),
  uplink: fc.boolean(),
  taps: fc.nat(4),
});

const world = fc
  .record({
    nodes: fc.array(node, { maxLength: 3 }),
    loose: fc.nat(5),
    veths: fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 6 }),
    names: fc.uniqueArray(name, { minLength: 60, maxLength: 60 }),
  })
  .map(({ nodes, loose, veths, names }): World => {
    const places: WorldPlace[] = [];
    const take = () => names[places.length] ?? `place-${places.length}`;
    nodes.forEach((one, n) => {
      const parent = `${take()}`;
      const ports = one.pods.map((_, i) =>
        link(100 + i, `veth${n}${i}abcdef`, "veth", [], {
          peer: { ifindex: 2, netnsId: i },
          ...(one.bridges > 0 ? { master: `br${i % one.bridges}` } : {}),
        }),
      );
      const taps = Array.from({ length: one.taps }, (_, i) =>
        link(50 + i, `tap${i}`, "tun", [], one.bridges > 0 ? { master: "br0" } : {}),
      );
      const bridges = Array.from({ length: one.bridges }, (_, i) =>
        link(10 + i, `br${i}`, "bridge", [`10.${n}.${i}.1/24`]),
      );
      const uplink = one.uplink
        ? [link(4, "eth0", "veth", [`172.30.0.${n + 2}/24`, "fd00:172:30::2/64"])]
        : [];
      places.push(
        worldPlace(parent, n % 2 === 0 ? "node" : "docker-host", [...uplink, ...bridges, ...ports, ...taps], {
          detail: "pod CIDR 10.244.1.0/24",
        }),
      );
      one.pods.forEach((pod, i) => {
        places.push(
          worldPlace(
            take(),
            "pod",
            [
              link(2, "eth0", "veth", pod.addresses, {
                peer: { ifindex: 100 + i, netnsId: 0 },
                up: pod.up,
                packets: [i, 10 ** i],
              }),
            ],
            {
              parent,
              containers: Array.from({ length: pod.apps }, (_, a) => ({
                name: a === 0 ? "pause" : `app-${a}`,
                role: a === 0 ? "pause" : "app",
                detail: "registry.example/some/image:latest",
              })),
            },
          ),
        );
      });
    });
    const first = places.length;
    const ends = Array.from({ length: loose }, () => new Map<number, ReturnType<typeof link>>());
    veths.forEach(([a, b], i) => {
      const [x, y] = [ends[a % Math.max(loose, 1)], ends[b % Math.max(loose, 1)]];
      if (x === undefined || y === undefined || x === y) return;
      x.set(
        200 + 2 * i,
        link(200 + 2 * i, `veth${i}a`, "veth", [`10.9.${i}.1/30`], {
          peer: { ifindex: 201 + 2 * i, netnsId: 0 },
        }),
      );
      y.set(
        201 + 2 * i,
        link(201 + 2 * i, `veth${i}b`, "veth", [`10.9.${i}.2/30`], {
          peer: { ifindex: 200 + 2 * i, netnsId: 0 },
        }),
      );
    });
    ends.forEach((links, i) => {
      places.push(worldPlace(names[first + i] ?? `loose-${i}`, "netns", [...links.values()]));
    });
    return { name: "generated", places, network: { name: "lab network", subnet: "172.30.0.0/24" } };
  });

describe("a topology", () => {
  test("has no overlapping, crossed or truncated text", () => {
    fc.assert(
      fc.property(world, (generated) => {
        const { spec } = topologyPicture(generated);
        expect([...faults(spec), ...boxFaults(spec)]).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("has every address and every link in its text", () => {
    fc.assert(
      fc.property(world, (generated) => {
        const { text } = topologyPicture(generated);
        for (const place of generated.places) {
          for (const one of place.snapshot?.links ?? []) {
            if (one.name === "lo") continue;
            expect(text).toContain(`${one.name} (${one.ifindex})`);
            for (const { address, prefixLength } of one.addresses)
              expect(text).toContain(`${address}/${prefixLength}`);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["two nodes with pods", cluster()],
    ["a Docker host with two networks", docker()],
    ["two namespaces", pair()],
    ["a router between two", chain()],
    ["a bridge with three around it", hub()],
  ])("of %s draws every address", (_, drawn) => {
    const texts = textsOf(topologyPicture(drawn).spec).map((text) => text.text);
    for (const place of drawn.places) {
      for (const one of place.snapshot?.links ?? []) {
        if (one.name === "lo") continue;
        for (const { address } of one.addresses)
          expect(texts.some((text) => text.includes(address))).toBe(true);
      }
    }
  });
});

test("a chain as wide as the picture leaves space for the trunk of the network", () => {
  const end = (name: string, ifindex: number, peer: number) =>
    worldPlace(name, "netns", [
      link(ifindex, "a-long-name", "veth", ["fd00:10:244:1:aaaa:bbbb:cccc:1/64"], {
        peer: { ifindex: peer, netnsId: 0 },
        up: false,
      }),
    ]);
  const nodes = ["172.30.0.2/24", "172.30.0.3/24", "172.30.0.4/24", "172.30.0.5/24"].map((address, i) =>
    worldPlace(`node-with-a-long-name-${i}`, "node", [link(4, "eth0", "veth", [address])]),
  );
  const network = { name: "lab network", subnet: "172.30.0.0/24" };
  const { spec } = topologyPicture({
    name: "both",
    network,
    places: [...nodes, end("a", 10, 11), end("b", 11, 10)],
  });
  expect([...faults(spec), ...boxFaults(spec)]).toEqual([]);
});

describe("the two ends of a veth pair", () => {
  test("are found if two nodes use the same ifindexes", () => {
    const { places } = cluster([2, 2]);
    const pairs = guessPairs(places).map(({ a, b }) =>
      [a, b]
        .map((end) => `${end.place} ${end.ifindex}`)
        .sort()
        .join(" ⇅ "),
    );
    expect(pairs.sort()).toEqual([
      "client 2 ⇅ node1 7",
      "node1 9 ⇅ web-0 2",
      "node2 7 ⇅ web-1 2",
      "node2 9 ⇅ web-2 2",
    ]);
  });

  test("are in one place if the peer has no namespace id", () => {
    const one = worldPlace("alone", "netns", [
      link(2, "veth0", "veth", [], { peer: { ifindex: 3 } }),
      link(3, "veth1", "veth", [], { peer: { ifindex: 2 } }),
    ]);
    expect(guessPairs([one])).toEqual([
      { a: { place: "alone", ifindex: 2 }, b: { place: "alone", ifindex: 3 } },
    ]);
  });

  test("are unknown if no link points back", () => {
    const one = worldPlace("alone", "netns", [
      link(2, "eth0", "veth", [], { peer: { ifindex: 77, netnsId: 0 } }),
    ]);
    expect(guessPairs([one])).toEqual([]);
  });
});
