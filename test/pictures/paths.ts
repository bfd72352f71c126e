import type { Action, Outcome, Traversal, UnmatchedRule } from "../../lib/netfilter/model";
import { icmp, rule, tcp, unmatched, Way } from "./path";

const jump = (chain: string): Action => ({ kind: "jump", chain });
const accept: Action = { kind: "accept" };
const drop: Action = { kind: "drop" };
const back: Action = { kind: "return" };
const dnat: Action = { kind: "dnat", to: { random: false, fullyRandom: false, persistent: false } };
const masquerade: Action = {
  kind: "masquerade",
  to: { random: true, fullyRandom: false, persistent: false },
};

/** Several hops. On each, many rules in every table do not match, and one accepts the packet. */
export function longJourney(hops: number, rules: number): Traversal {
  const sequence = new Way("host1", tcp("10.0.1.2", 40000, "10.0.99.2", 80));
  for (let hop = 1; hop <= hops; hop += 1) {
    sequence
      .hook("PREROUTING")
      .conntrack("state NEW: no entry for this connection yet")
      .policy("mangle", "ACCEPT", KUBE_SERVICES(rules))
      .policy("nat", "ACCEPT", KUBE_SERVICES(rules))
      .route(`10.0.99.0/24 via 10.0.${hop}.1 dev eth1: not for this host, forward it`, "forward", "eth1")
      .hook("FORWARD")
      .rule("filter", "FORWARD", "-p tcp -m tcp --dport 80 -j ACCEPT", accept, "TCP to port 80: accepted", {
        unmatched: KUBE_SERVICES(rules),
        index: rules + 1,
      })
      .hook("POSTROUTING")
      .rule("nat", "POSTROUTING", "-o eth1 -j MASQUERADE", masquerade, "take the address of eth1", {
        unmatched: KUBE_SERVICES(rules),
        change: { src: `10.0.${hop}.2` },
      })
      .link(["eth1", 3], `host${hop + 1}`, ["eth0", 2], "veth pair");
  }
  return sequence.end("accept", `delivered to host${hops + 1}, TCP port 80`).path("accept");
}

/** At one hook, a rule that only counts in each table, and one table without rules. */
export function counters(): Traversal {
  const counts = [
    "-p tcp -m tcp --dport 80",
    { kind: "none" },
    "TCP to port 80: count it and go on",
  ] as const;
  return new Way("router", tcp("10.0.1.2", 40000, "10.0.2.2", 80))
    .hook("PREROUTING")
    .rule("raw", "PREROUTING", ...counts)
    .policy("raw")
    .conntrack("state NEW: no entry for this connection yet")
    .rule("mangle", "PREROUTING", ...counts)
    .policy("mangle")
    .idle("nat")
    .route("10.0.2.0/24 dev eth2: not for this host, forward it", "forward", "eth2")
    .hook("FORWARD")
    .policy("filter")
    .path("accept");
}

/** From outside to a published port, with the rules of engine 20.10 for `-p 8080:80`. */
export function publishedPort(): Traversal {
  return new Way("host1", tcp("172.30.0.1", 51234, "172.30.0.11", 8080))
    .hook("PREROUTING")
    .conntrack("state NEW: no entry for this connection yet")
    .rule(
      "nat",
      "PREROUTING",
      "-m addrtype --dst-type LOCAL -j DOCKER",
      jump("DOCKER"),
      "172.30.0.11 is an address of this host",
    )
    .rule(
      "nat",
      "DOCKER",
      "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
      dnat,
      "came in by eth0, TCP to port 8080: send it to 172.17.0.2:80",
      {
        unmatched: [unmatched("-A DOCKER -i docker0 -j RETURN", "came in by eth0, not by docker0")],
        change: { dst: "172.17.0.2", dport: 80 },
      },
    )
    .route("172.17.0.0/16 dev docker0: not for this host, forward it", "forward", "docker0")
    .hook("FORWARD")
    .rule("filter", "FORWARD", "-j DOCKER-USER", jump("DOCKER-USER"), "every packet")
    .back("filter", "DOCKER-USER", "FORWARD", [], rule("-A DOCKER-USER -j RETURN", back))
    .rule(
      "filter",
      "FORWARD",
      "-j DOCKER-ISOLATION-STAGE-1",
      jump("DOCKER-ISOLATION-STAGE-1"),
      "every packet",
    )
    .back("filter", "DOCKER-ISOLATION-STAGE-1", "FORWARD", [
      unmatched(
        "-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2",
        "came in by eth0, not by docker0",
      ),
    ])
    .rule("filter", "FORWARD", "-o docker0 -j DOCKER", jump("DOCKER"), "leaves by docker0", {
      unmatched: [
        unmatched(
          "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
          "the connection is NEW, not RELATED or ESTABLISHED",
        ),
      ],
    })
    .rule(
      "filter",
      "DOCKER",
      "-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
      accept,
      "the published port of this container: accepted",
    )
    .hook("POSTROUTING")
    .policy("nat", "ACCEPT", [
      unmatched(
        "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        "source 172.30.0.1 is not in 172.17.0.0/16",
      ),
      unmatched(
        "-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
        "source 172.30.0.1 is not 172.17.0.2",
      ),
    ])
    .path("accept");
}

/** Between two Docker networks: isolation drops the packet. All tables are loaded, as with firewalld. */
export function isolation(): Traversal {
  return new Way("host1", icmp("172.18.0.2", "172.19.0.2"))
    .hook("PREROUTING")
    .idle("raw")
    .conntrack("state NEW: no entry for this connection yet")
    .idle("mangle", "nat")
    .route("172.19.0.0/16 dev br-4f1c2a9d0b77: not for this host, forward it", "forward", "br-4f1c2a9d0b77")
    .hook("FORWARD")
    .idle("mangle")
    .rule("filter", "FORWARD", "-j DOCKER-USER", jump("DOCKER-USER"), "every packet")
    .back("filter", "DOCKER-USER", "FORWARD", [], rule("-A DOCKER-USER -j RETURN", back))
    .rule(
      "filter",
      "FORWARD",
      "-j DOCKER-ISOLATION-STAGE-1",
      jump("DOCKER-ISOLATION-STAGE-1"),
      "every packet",
    )
    .rule(
      "filter",
      "DOCKER-ISOLATION-STAGE-1",
      "-i br-9c00aa11ee42 ! -o br-9c00aa11ee42 -j DOCKER-ISOLATION-STAGE-2",
      jump("DOCKER-ISOLATION-STAGE-2"),
      "came in by br-9c00aa11ee42 and leaves by another interface",
      {
        unmatched: [
          unmatched(
            "-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2",
            "came in by br-9c00aa11ee42, not by docker0",
          ),
        ],
      },
    )
    .rule(
      "filter",
      "DOCKER-ISOLATION-STAGE-2",
      "-o br-4f1c2a9d0b77 -j DROP",
      drop,
      "leaves by another Docker network's bridge: dropped",
      {
        unmatched: [
          unmatched(
            "-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP",
            "leaves by br-4f1c2a9d0b77, not by docker0",
          ),
        ],
        index: 2,
      },
    )
    .path("drop");
}

/** A service without endpoints: kube-proxy's REJECT rule at OUTPUT, for a client on the node itself. */
export function rejected(): Traversal {
  return new Way("node1", tcp("172.30.0.11", 33210, "10.96.0.77", 80))
    .route("default via 172.30.0.1 dev eth0", "out", "eth0", "172.30.0.1")
    .hook("OUTPUT")
    .conntrack("state NEW: no entry for this connection yet")
    .policy("nat", "ACCEPT", [
      unmatched(
        "-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y",
        "destination 10.96.0.77 is not 10.96.0.1",
      ),
    ])
    .rule(
      "filter",
      "OUTPUT",
      '-m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      jump("KUBE-SERVICES"),
      "the connection is NEW",
    )
    .rule(
      "filter",
      "KUBE-SERVICES",
      '-d 10.96.0.77/32 -p tcp -m comment --comment "default/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
      { kind: "reject", with: "icmp-port-unreachable" },
      "TCP to 10.96.0.77 port 80: refused, since the service has no endpoints",
      { index: 1 },
    )
    .path("reject");
}

const KUBE_SERVICES = (n: number): readonly UnmatchedRule[] =>
  Array.from({ length: n }, (_, i) =>
    unmatched(
      `-A KUBE-SERVICES -d 10.96.${(i >> 8) + 1}.${i & 255}/32 -p tcp -m comment --comment "default/svc-${i}:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-${(i * 7919).toString(36).toUpperCase().padStart(16, "Q")}`,
      `destination 10.96.0.10 is not 10.96.${(i >> 8) + 1}.${i & 255}`,
      {
        kind: "destination",
        inverted: false,
        prefix: { address: `10.96.${(i >> 8) + 1}.${i & 255}`, mask: 32 },
      },
    ),
  );

const ENDPOINTS = [
  {
    chain: "KUBE-SEP-A4QKJ2FVVXGNT7M3",
    ip: "10.244.1.3",
    name: "web-0",
    node: "node1",
    chance: "0.33333333349",
  },
  {
    chain: "KUBE-SEP-7RZTLOYD2QXU2LQ4",
    ip: "10.244.2.2",
    name: "web-1",
    node: "node2",
    chance: "0.50000000000",
  },
  { chain: "KUBE-SEP-QM2BWJXW4NGZBI6P", ip: "10.244.2.3", name: "web-2", node: "node2", chance: undefined },
] as const;

export const ENDPOINT_NAMES = Object.fromEntries(ENDPOINTS.map((one) => [one.ip, one.name]));

/** A pod calls a service: two nodes and three endpoints, with the rules of `services` other services before it. */
export function clusterIp(services = 40): Traversal {
  const request = tcp("10.244.1.2", 40112, "10.96.0.10", 80);
  const outcomes = ENDPOINTS.map((endpoint, i): Outcome => {
    const sequence = new Way("client", request)
      .route("default via 10.244.1.1 dev eth0", "out", "eth0", "10.244.1.1")
      .hook("OUTPUT")
      .hook("POSTROUTING")
      .link(["eth0", 2], "node1", ["veth7", 7], "veth pair, into bridge br-pods")
      .hook("PREROUTING")
      .conntrack("state NEW: no entry for this connection yet")
      .rule(
        "nat",
        "PREROUTING",
        '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        jump("KUBE-SERVICES"),
        "every packet",
      )
      .rule(
        "nat",
        "KUBE-SERVICES",
        '-d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-JW3CUVLFMQDRG2NE',
        jump("KUBE-SVC-JW3CUVLFMQDRG2NE"),
        "TCP to 10.96.0.10 port 80: the service default/web:http",
        { unmatched: KUBE_SERVICES(services), index: services + 1 },
      )
      .rule(
        "nat",
        "KUBE-SVC-JW3CUVLFMQDRG2NE",
        `-m comment --comment "default/web:http -> ${endpoint.ip}:8080"${endpoint.chance === undefined ? "" : ` -m statistic --mode random --probability ${endpoint.chance}`} -j ${endpoint.chain}`,
        jump(endpoint.chain),
        "one of three endpoints",
        {
          unmatched: [
            unmatched(
              "-A KUBE-SVC-JW3CUVLFMQDRG2NE ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ",
              "source 10.244.1.2 is in 10.244.0.0/16",
            ),
          ],
          because: `chance decided: ${["1/3", "1/2 of the rest", "the rest"][i]}`,
        },
      )
      .rule(
        "nat",
        endpoint.chain,
        `-p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination ${endpoint.ip}:8080`,
        dnat,
        `send it to ${endpoint.ip}:8080`,
        {
          unmatched: [
            unmatched(
              `-A ${endpoint.chain} -s ${endpoint.ip}/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ`,
              `source 10.244.1.2 is not ${endpoint.ip}`,
            ),
          ],
          change: { dst: endpoint.ip, dport: 8080 },
        },
      );
    if (endpoint.node === "node1") return toPod(sequence, endpoint, i);
    sequence
      .route(
        "10.244.2.0/24 via 172.30.0.12 dev eth0: not for this host, forward it",
        "forward",
        "eth0",
        "172.30.0.12",
      )
      .hook("FORWARD");
    forwardRules(sequence);
    postrouting(sequence);
    sequence
      .link(["eth0", 4], "node2", ["eth0", 4], "the lab network 172.30.0.0/24")
      .hook("PREROUTING")
      .conntrack("state NEW: no entry for this connection yet")
      .policy("nat", "ACCEPT", KUBE_SERVICES(services));
    return toPod(sequence, endpoint, i);
  });
  return { packet: request, outcomes };
}

function forwardRules(sequence: Way): void {
  sequence
    .rule(
      "filter",
      "FORWARD",
      '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
      jump("KUBE-FORWARD"),
      "every packet",
    )
    .back("filter", "KUBE-FORWARD", "FORWARD", [
      unmatched(
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
        "the connection is NEW, not INVALID",
      ),
      unmatched(
        '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
        "the mark is 0x0, bit 0x4000 is not set",
      ),
      unmatched(
        '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        "the connection is NEW, not RELATED or ESTABLISHED",
      ),
    ])
    .policy("filter");
}

function postrouting(sequence: Way): void {
  sequence
    .hook("POSTROUTING")
    .rule(
      "nat",
      "POSTROUTING",
      '-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
      jump("KUBE-POSTROUTING"),
      "every packet",
    )
    .back(
      "nat",
      "KUBE-POSTROUTING",
      "POSTROUTING",
      [],
      rule("-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", back),
    )
    .policy("nat");
}

function toPod(sequence: Way, endpoint: (typeof ENDPOINTS)[number], i: number): Outcome {
  const subnet = endpoint.ip.replace(/\d+$/, "0/24");
  sequence
    .route(`${subnet} dev br-pods: not for this host, forward it`, "forward", "br-pods")
    .hook("FORWARD");
  forwardRules(sequence);
  postrouting(sequence);
  sequence
    .link(["veth9", 9], endpoint.name, ["eth0", 2], "out of bridge br-pods, veth pair")
    .hook("PREROUTING")
    .route(`local ${endpoint.ip}: for this namespace`, "local")
    .hook("INPUT")
    .idle("filter")
    .end("accept", `delivered to ${endpoint.name}, TCP port 8080`);
  void i;
  return sequence.outcome("accept", { probability: { numerator: 1n, denominator: 3n } });
}

/** From a container to the outside, through MASQUERADE. */
export function outward(): Traversal {
  return new Way("web", tcp("172.17.0.2", 40001, "172.30.0.1", 80))
    .route("default via 172.17.0.1 dev eth0", "out", "eth0", "172.17.0.1")
    .link(["eth0", 5], "host1", ["veth3c1a9f0", 6], "veth pair, into bridge docker0")
    .hook("PREROUTING")
    .conntrack("state NEW: no entry for this connection yet")
    .policy("nat", "ACCEPT", [
      unmatched(
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "172.30.0.1 is not an address of this host",
      ),
    ])
    .route("172.30.0.0/24 dev eth0: not for this host, forward it", "forward", "eth0")
    .hook("FORWARD")
    .rule(
      "filter",
      "FORWARD",
      "-i docker0 ! -o docker0 -j ACCEPT",
      accept,
      "came in by docker0 and leaves by another interface: accepted",
      { unmatched: [unmatched("-A FORWARD -o docker0 -j DOCKER", "leaves by eth0, not by docker0")] },
    )
    .hook("POSTROUTING")
    .rule(
      "nat",
      "POSTROUTING",
      "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
      masquerade,
      "a container's source leaves by eth0: take the address of eth0",
      { change: { src: "172.30.0.11" } },
    )
    .link(["eth0", 4], "outside", ["eth0", 4], "the lab network 172.30.0.0/24")
    .hook("PREROUTING")
    .route("local 172.30.0.1: for this namespace", "local")
    .hook("INPUT")
    .end("accept", "delivered to outside, TCP port 80")
    .path("accept");
}

/** A string match, which a snapshot cannot decide, so the path has both branches. With IPv6 and a very long rule. */
export function unknown(): Traversal {
  const request = tcp("fd00:10:244:1:aaaa:bbbb:cccc:2", 40112, "fd00:10:244:2:aaaa:bbbb:cccc:1003", 8080);
  const long =
    '-s fd00:10:244:1::/64 -d fd00:10:244:2:aaaa:bbbb:cccc:1003/128 -p tcp -m tcp --dport 8080 -m string --string "GET /admin/console/of/a/very/long/path/that/goes/on" --algo bm --from 40 --to 1500 -m comment --comment "nobody outside of the administration network may reach the console, see ticket 4711 and the wiki page on it" -j DROP';
  const begin = () =>
    new Way("gateway", request)
      .hook("PREROUTING")
      .conntrack("state NEW: no entry for this connection yet")
      .route(
        "fd00:10:244:2::/64 via fe80::42:acff:fe1e:c dev eth0: not for this host, forward it",
        "forward",
        "eth0",
      )
      .hook("FORWARD");
  const depends = ["string match on bytes that the packet does not carry: -m string --algo bm"];
  const open = begin().policy("filter", "ACCEPT", [
    unmatched(`-A FORWARD ${long}`, "unknown: what the payload holds"),
  ]);
  const closed = begin().rule(
    "filter",
    "FORWARD",
    long,
    drop,
    "TCP to port 8080 with GET /admin in it: dropped",
    { because: "if the string is found" },
  );
  const more = { certain: false, dependsOn: depends };
  return { packet: request, outcomes: [closed.outcome("drop", more), open.outcome("accept", more)] };
}

/** Hairpin on one node: the mark is set, then DNAT, masquerade, and the mark is cleared. */
export function marked(): Traversal {
  const mark: Action = { kind: "mark", mark: { value: 0x4000, mask: 0x4000 } };
  return new Way("node1", tcp("10.244.1.3", 39000, "10.96.0.10", 80))
    .hook("PREROUTING")
    .idle("raw")
    .conntrack("state NEW: no entry for this connection yet")
    .idle("mangle")
    .rule("nat", "PREROUTING", "-j KUBE-SERVICES", jump("KUBE-SERVICES"), "every packet")
    .rule(
      "nat",
      "KUBE-SERVICES",
      "-d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-JW3CUVLFMQDRG2NE",
      jump("KUBE-SVC-JW3CUVLFMQDRG2NE"),
      "TCP to 10.96.0.10 port 80",
    )
    .rule(
      "nat",
      "KUBE-SVC-JW3CUVLFMQDRG2NE",
      "-j KUBE-SEP-A4QKJ2FVVXGNT7M3",
      jump("KUBE-SEP-A4QKJ2FVVXGNT7M3"),
      "the only endpoint",
    )
    .rule(
      "nat",
      "KUBE-SEP-A4QKJ2FVVXGNT7M3",
      "-s 10.244.1.3/32 -j KUBE-MARK-MASQ",
      jump("KUBE-MARK-MASQ"),
      "the pod reaches itself",
    )
    .rule("nat", "KUBE-MARK-MASQ", "-j MARK --set-xmark 0x4000/0x4000", mark, "mark it for masquerading", {
      change: { mark: 0x4000 },
    })
    .back("nat", "KUBE-MARK-MASQ", "KUBE-SEP-A4QKJ2FVVXGNT7M3")
    .rule(
      "nat",
      "KUBE-SEP-A4QKJ2FVVXGNT7M3",
      "-p tcp -m tcp -j DNAT --to-destination 10.244.1.3:8080",
      dnat,
      "send it to 10.244.1.3:8080",
      { change: { dst: "10.244.1.3", dport: 8080 } },
    )
    .route("10.244.1.0/24 dev br-pods: not for this host, forward it", "forward", "br-pods")
    .hook("FORWARD")
    .idle("mangle")
    .policy("filter")
    .hook("POSTROUTING")
    .idle("mangle")
    .rule("nat", "POSTROUTING", "-j KUBE-POSTROUTING", jump("KUBE-POSTROUTING"), "every packet")
    .rule(
      "nat",
      "KUBE-POSTROUTING",
      "-j MARK --set-xmark 0x4000/0x0",
      { kind: "mark", mark: { value: 0x4000, mask: 0 } },
      "clear the mark",
      {
        change: { mark: 0 },
        unmatched: [
          unmatched(
            "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
            "the mark has bit 0x4000",
          ),
        ],
      },
    )
    .rule(
      "nat",
      "KUBE-POSTROUTING",
      "-j MASQUERADE --random-fully",
      masquerade,
      "take the address of br-pods and a free port",
      { change: { src: "10.244.1.1", sport: 61007 } },
    )
    .path("accept");
}

/** The reply from a published port: no nat rule is evaluated, conntrack reverses the translation. */
export function reply(): Traversal {
  return new Way("host1", tcp("172.17.0.2", 80, "172.30.0.1", 51234))
    .hook("PREROUTING")
    .conntrack("state ESTABLISHED: the reply of 172.30.0.1:51234 → 172.30.0.11:8080", "ESTABLISHED")
    .nat("no nat rule is asked again: the entry turns the source back", { src: "172.30.0.11", sport: 8080 })
    .route("172.30.0.0/24 dev eth0: not for this host, forward it", "forward", "eth0")
    .hook("FORWARD")
    .rule(
      "filter",
      "FORWARD",
      "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      accept,
      "an answer: accepted",
    )
    .path("accept");
}

/** The reply of `clusterIp`'s second outcome: two nodes, and one conntrack entry that reverses the DNAT. */
export function clusterReply(): Traversal {
  return new Way("web-1", tcp("10.244.2.2", 8080, "10.244.1.2", 40112))
    .route("default via 10.244.2.1 dev eth0", "out", "eth0", "10.244.2.1")
    .link(["eth0", 2], "node2", ["veth9", 9], "veth pair, into bridge br-pods")
    .hook("PREROUTING")
    .conntrack("state ESTABLISHED", "ESTABLISHED")
    .route("10.244.1.0/24 via 172.30.0.11 dev eth0: not for this host, forward it", "forward", "eth0")
    .link(["eth0", 4], "node1", ["eth0", 4], "the lab network 172.30.0.0/24")
    .hook("PREROUTING")
    .conntrack("state ESTABLISHED", "ESTABLISHED")
    .nat("no nat rule is asked again: the entry turns the source back", { src: "10.96.0.10", sport: 80 })
    .route("10.244.1.0/24 dev br-pods: not for this host, forward it", "forward", "br-pods")
    .link(["veth7", 7], "client", ["eth0", 2], "out of bridge br-pods, veth pair")
    .hook("PREROUTING")
    .route("local 10.244.1.2: for this namespace", "local")
    .end("accept", "delivered to client")
    .path("accept");
}
