import { link } from "../../test/netfilter/router";
import { diffSnapshots } from "./diff";
import type { Snapshot } from "./snapshot";

const look = (more: Partial<Snapshot>): Snapshot => ({ place: "host1", links: [], routes: [], ...more });

const dump = (...lines: readonly string[]): NonNullable<Snapshot["iptables"]> => [
  { family: "ipv4", variant: "nft", text: `*nat\n:DOCKER - [0:0]\n${lines.join("\n")}\nCOMMIT\n` },
];

test("a new veth is an added link", () => {
  const { changes } = diffSnapshots(
    [look({})],
    [look({ links: [{ ...link(4, "veth1"), master: "docker0" }] })],
  );
  expect(changes).toEqual([
    { place: "host1", subject: "link", change: "added", text: "4: veth1 veth mtu 1500 master docker0 up" },
  ]);
});

test("a link that went down is a changed link", () => {
  const { changes } = diffSnapshots(
    [look({ links: [link(4, "veth1")] })],
    [look({ links: [{ ...link(4, "veth1"), up: false }] })],
  );
  expect(changes).toMatchObject([{ subject: "link", change: "changed", was: "4: veth1 veth mtu 1500 up" }]);
});

test("ignores counters, and treats a duplicate rule as a second rule", () => {
  const { changes } = diffSnapshots(
    [look({ iptables: dump("[1:60] -A DOCKER -i docker0 -j RETURN") })],
    [
      look({
        iptables: dump("[9:600] -A DOCKER -i docker0 -j RETURN", "[0:0] -A DOCKER -i docker0 -j RETURN"),
      }),
    ],
  );
  expect(changes).toEqual([
    {
      place: "host1",
      subject: "rule",
      change: "added",
      text: "-A DOCKER -i docker0 -j RETURN",
      chain: "DOCKER",
      table: "ipv4 nat",
    },
  ]);
});

test("formats a listener, a route and a sysctl like the tool of each", () => {
  const { changes } = diffSnapshots(
    [look({ sysctls: { "net.ipv4.ip_forward": "0", "net.netfilter.nf_conntrack_count": "1" } })],
    [
      look({
        sysctls: { "net.ipv4.ip_forward": "1", "net.netfilter.nf_conntrack_count": "7" },
        routes: [
          {
            family: "ipv4",
            destination: "0.0.0.0/0",
            type: "unicast",
            table: "main",
            via: "172.30.0.2",
            dev: "eth0",
          },
        ],
        sockets: [{ protocol: "tcp", state: "LISTEN", localAddress: "0.0.0.0", localPort: 8080 }],
      }),
    ],
  );
  expect(changes.map(({ text }) => text)).toEqual([
    "default via 172.30.0.2 dev eth0",
    "tcp 0.0.0.0:8080",
    "net.ipv4.ip_forward = 1",
  ]);
});

test("an added namespace is a single change", () => {
  const { changes } = diffSnapshots(
    [look({})],
    [look({}), look({ place: "host1/web", links: [link(3, "eth0")] })],
  );
  expect(changes).toEqual([{ place: "host1/web", subject: "namespace", change: "added", text: "host1/web" }]);
});

test("equal snapshots have no changes", () => {
  const same = look({ links: [link(4, "veth1")], iptables: dump("[1:60] -A DOCKER -j RETURN") });
  expect(diffSnapshots([same], [same]).changes).toEqual([]);
});
