import { Lab } from "../../lib/lab/lab";
import type { ContainerPlace } from "../../lib/lab/place/place";
import type { PacketPath } from "../../lib/lab/trace/packet-path";
import type { TraceRequest } from "../../lib/lab/trace/trace-request";
import { closed } from "./cluster";
import { Losses } from "./losses";

// client and near run on node1, far on node2. near and far run the `web` image, which listens on TCP 80 and 8080 only.
let losses: Losses;
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open("arrival");
  losses = await Losses.build(lab);
}, 120_000);
afterAll(async () => {
  await closed(lab);
}, 60_000);

type Make = (here: Losses) => Promise<{ request: TraceRequest; undo: () => Promise<void> }>;

/** Runs `script` in a place's netns before the trace. `undo` reverts it, and gets what the script printed. */
const changed =
  (
    at: (here: Losses) => ContainerPlace,
    script: (here: Losses) => string,
    undo: (here: Losses, printed: string) => string,
    request: (here: Losses) => TraceRequest,
  ): Make =>
  async (here) => {
    const printed = await here.run(at(here), script(here));
    return {
      request: request(here),
      undo: async () => {
        await here.run(at(here), undo(here, printed));
      },
    };
  };

const nearTcp = ({ client, near }: Losses): TraceRequest => ({ from: client, to: near, tcp: 8080 });
const nearUdp = ({ client, near }: Losses): TraceRequest => ({ from: client, to: near, udp: 5353 });
const farTcp = ({ client, far }: Losses): TraceRequest => ({ from: client, to: far, tcp: 8080 });
const nft = (text: string): string => `nft -f - <<'END'\n${text}\nEND`;

// Classic BPF with one instruction: return 2 (TC_ACT_SHOT). The action `drop` needs act_gact, which a kernel may lack.
const SHOT = "bpf bytecode '1,6 0 0 2' da";
const echoes = (ignore: 0 | 1): string =>
  `unshare -m sh -c 'mount -o remount,rw /proc/sys && echo ${ignore} > /proc/sys/net/ipv4/icmp_echo_ignore_all'`;

const LOST: readonly (readonly [string, Make, { last: RegExp; why?: RegExp }])[] = [
  [
    "isolated bridge ports: TCP",
    changed(
      ({ node1 }) => node1,
      ({ ports }) => ports.map((port) => `bridge link set dev ${port} isolated on`).join("; "),
      ({ ports }) => ports.map((port) => `bridge link set dev ${port} isolated off`).join("; "),
      nearTcp,
    ),
    { last: /node1 by/ },
  ],
  [
    "isolated bridge ports: UDP",
    changed(
      ({ node1 }) => node1,
      ({ ports }) => ports.map((port) => `bridge link set dev ${port} isolated on`).join("; "),
      ({ ports }) => ports.map((port) => `bridge link set dev ${port} isolated off`).join("; "),
      nearUdp,
    ),
    { last: /node1 by/ },
  ],
  [
    "a drop rule in the bridge family",
    changed(
      ({ node1 }) => node1,
      () =>
        nft(
          "table bridge lost { chain forward { type filter hook forward priority 0; meta l4proto tcp drop; }; }",
        ),
      () => "nft delete table bridge lost",
      nearTcp,
    ),
    { last: /node1 by/, why: /nft rule in bridge lost forward: meta l4proto tcp drop/ },
  ],
  [
    "a drop rule in a native nftables table at the destination",
    changed(
      ({ far }) => far,
      () =>
        nft("table inet lost { chain input { type filter hook input priority 0; tcp dport 8080 drop; }; }"),
      () => "nft delete table inet lost",
      farTcp,
    ),
    { last: /far by eth0/, why: /nft rule in inet lost input: tcp dport 8080 drop/ },
  ],
  [
    "a drop rule in a native nftables table that runs after every other chain of INPUT",
    changed(
      ({ far }) => far,
      () =>
        nft(
          "table inet lost { chain input { type filter hook input priority 2000000000; tcp dport 8080 drop; }; }",
        ),
      () => "nft delete table inet lost",
      farTcp,
    ),
    { last: /far by eth0/, why: /nft rule in inet lost input/ },
  ],
  [
    "a tc egress filter on the last link",
    changed(
      ({ node2 }) => node2,
      ({ farPort }) =>
        `tc qdisc add dev ${farPort} clsact; tc filter add dev ${farPort} egress protocol ip ${SHOT}`,
      ({ farPort }) => `tc qdisc del dev ${farPort} clsact`,
      farTcp,
    ),
    { last: /leaving node2 by/ },
  ],
  [
    "a qdisc on the last link that drops packets of this size",
    changed(
      ({ node2 }) => node2,
      ({ farPort }) => `tc qdisc add dev ${farPort} root tbf rate 8kbit burst 50 limit 50`,
      ({ farPort }) => `tc qdisc del dev ${farPort} root`,
      farTcp,
    ),
    { last: /leaving node2 by/ },
  ],
  [
    "a tc ingress filter at the destination",
    changed(
      ({ far }) => far,
      () => `tc qdisc add dev eth0 clsact; tc filter add dev eth0 ingress protocol ip ${SHOT}`,
      () => "tc qdisc del dev eth0 clsact",
      farTcp,
    ),
    { last: /leaving node2 by/ },
  ],
  [
    "a wrong permanent neighbour entry at the last hop",
    changed(
      ({ node2 }) => node2,
      ({ far, farBridge }) =>
        `ip neigh replace ${far.address} lladdr 02:00:00:00:00:99 dev ${farBridge} nud permanent`,
      ({ far, farBridge }) => `ip neigh del ${far.address} dev ${farBridge}`,
      farTcp,
    ),
    { last: /coming into far by eth0/, why: /its frame is for 02:00:00:00:00:99/ },
  ],
  [
    "a port of the last bridge that is down",
    changed(
      ({ node2 }) => node2,
      ({ farPort }) => `ip link set ${farPort} down`,
      ({ farPort }) => `ip link set ${farPort} up`,
      farTcp,
    ),
    { last: /node2/ },
  ],
  [
    "icmp_echo_ignore_all",
    changed(
      ({ far }) => far,
      () => echoes(1),
      () => echoes(0),
      ({ client, far }) => ({ from: client, to: far, icmp: true }),
    ),
    { last: /at the end of INPUT in far/, why: /was not answered/ },
  ],
  [
    // nf_conntrack_max is global and read-only in a netns, so this case takes the only free tuple instead.
    "no free conntrack tuple",
    changed(
      ({ node1 }) => node1,
      ({ client, far, outside }) =>
        `${nft(`table ip lost { chain post { type nat hook postrouting priority 90; ip daddr ${far.address} tcp dport 8080 snat to 192.0.2.1:5000; }; }`)}
         conntrack -I -p tcp -s ${outside.address} -d ${far.address} --sport 4000 --dport 8080 --src-nat 192.0.2.1:5000 --state ESTABLISHED -t 60 -r ${far.address} -q 192.0.2.1 --reply-port-src 8080 --reply-port-dst 5000; : ${client.address}`,
      () => "nft delete table ip lost; conntrack -F",
      farTcp,
    ),
    { last: /node1/ },
  ],
];

test.each(LOST)(
  "%s: the packet is lost, and `agrees` is false",
  async (_name, make, expected) => {
    const { request, undo } = await make(losses);
    let path: PacketPath;
    try {
      path = await lab.trace(request);
    } finally {
      await undo();
    }
    expect(path.unobserved).toBeUndefined();
    expect(path.outcome?.verdict).toBe("accept");
    expect(path.agrees).toBe(false);
    expect(path.reply?.agrees).not.toBe(true);
    expect(path.second?.agrees).not.toBe(true);
    expect(path.arrival?.kind).toBe("lost");
    const text = String(path);
    expect(text).toMatch(/^arrival: did not arrive: last seen/m);
    expect(/^arrival: .*$/m.exec(text)?.[0]).toMatch(expected.last);
    if (expected.why !== undefined) expect(/^arrival: .*$/m.exec(text)?.[0]).toMatch(expected.why);
    // After the undo, the same packet arrives.
    expect((await lab.trace(request)).agrees).toBe(true);
  },
  60_000,
);

test("a UDP socket with a full receive queue: the arrival is unconfirmed, and `agrees` is undefined", async () => {
  const { client, near } = losses;
  const listen = `socat -u UDP-RECV:5353,rcvbuf=2048 /dev/null </dev/null >/dev/null 2>&1 & echo $!
    until ss -Hlun sport = :5353 | grep -q .; do kill -0 $!; done; kill -STOP $!`;
  const pid = (await losses.run(near, listen)).trim();
  let path: PacketPath;
  try {
    const fill = `for n in $(seq 64); do echo full > /dev/udp/${near.address}/5353; done`;
    await losses.run(client, `bash -c '${fill}'`);
    path = await lab.trace(nearUdp(losses));
  } finally {
    await losses.run(near, `kill -KILL ${pid}`);
  }
  expect(path.arrival).toMatchObject({ kind: "unconfirmed", last: { place: "near", point: "input" } });
  expect(path.agrees).toBeUndefined();
  expect(String(path)).toMatch(/^arrival: not confirmed: a socket is there, but .* receive queue is full/m);
}, 60_000);

const ENDS: readonly (readonly [string, Make, { arrival: object; text: RegExp; reply?: boolean }])[] = [
  [
    "a connection to another node",
    async (here) => ({ request: farTcp(here), undo: async () => undefined }),
    {
      arrival: { kind: "delivered", by: "answer", at: { place: "far" } },
      text: /^arrival: arrived in far: its socket replied with SYN,ACK$/m,
      reply: true,
    },
  ],
  [
    "an ICMP echo request",
    async ({ client, far }) => ({
      request: { from: client, to: far, icmp: true },
      undo: async () => undefined,
    }),
    {
      arrival: { kind: "delivered", by: "answer" },
      text: /^arrival: arrived in far: its kernel replied to the echo$/m,
      reply: true,
    },
  ],
  [
    "a TCP port without a listener",
    async ({ client, far }) => ({ request: { from: client, to: far, tcp: 81 }, undo: async () => undefined }),
    {
      arrival: { kind: "refused", with: "RST", answered: true },
      text: /^verdict: DELIVERED, nobody listens: the kernel replies with RST$/m,
      reply: true,
    },
  ],
  [
    "a UDP port without a listener",
    async (here) => ({ request: nearUdp(here), undo: async () => undefined }),
    {
      arrival: { kind: "refused", with: "ICMP port unreachable", answered: true },
      text: /^verdict: DELIVERED, nobody listens: the kernel replies with ICMP port unreachable$/m,
      reply: true,
    },
  ],
  [
    "a UDP port whose listener doesn't reply",
    changed(
      ({ near }) => near,
      () => `socat -u UDP-RECV:5353 /dev/null </dev/null >/dev/null 2>&1 & echo $!
        until ss -Hlun sport = :5353 | grep -q .; do kill -0 $!; done`,
      (_, pid) => `kill ${pid.trim()}`,
      nearUdp,
    ),
    {
      arrival: { kind: "delivered", by: "socket" },
      text: /^arrival: arrived in near: a socket received it$/m,
    },
  ],
  [
    "a rule that drops",
    changed(
      ({ node1 }) => node1,
      ({ far }) => `iptables -I FORWARD -d ${far.address} -p tcp -j DROP`,
      () => "iptables -D FORWARD 1",
      farTcp,
    ),
    { arrival: { kind: "stopped", by: "rule" }, text: /^arrival: stopped as predicted in node1/m },
  ],
  [
    "a rule that rejects",
    changed(
      ({ node1 }) => node1,
      ({ far }) => `iptables -I FORWARD -d ${far.address} -p tcp -j REJECT`,
      () => "iptables -D FORWARD 1",
      farTcp,
    ),
    { arrival: { kind: "stopped", by: "rule" }, text: /^arrival: stopped as predicted in node1/m },
  ],
  [
    "an unreachable route at the sender",
    changed(
      ({ client }) => client,
      () => "ip route add unreachable 203.0.113.0/24",
      () => "ip route del unreachable 203.0.113.0/24",
      ({ client }) => ({ from: client, to: "203.0.113.9", tcp: 80 }),
    ),
    {
      arrival: { kind: "stopped", by: "sender" },
      text: /^arrival: stopped as predicted: the sender's system call failed/m,
    },
  ],
  [
    "a blackhole route on the path",
    changed(
      ({ node1 }) => node1,
      () => "ip route add blackhole 203.0.113.0/24",
      () => "ip route del blackhole 203.0.113.0/24",
      ({ client }) => ({ from: client, to: "203.0.113.9", tcp: 80 }),
    ),
    {
      arrival: { kind: "stopped", by: "absence" },
      text: /^arrival: stopped as predicted: last seen coming into node1 by/m,
    },
  ],
];

test.each(ENDS)(
  "%s: the packet ends where predicted, and the trace confirms it",
  async (_name, make, expected) => {
    const { request, undo } = await make(losses);
    let path: PacketPath;
    try {
      path = await lab.trace(request);
    } finally {
      await undo();
    }
    expect(path.unobserved).toBeUndefined();
    expect(path.observed?.difference).toBeUndefined();
    expect(path.arrival).toMatchObject(expected.arrival);
    expect(path.agrees).toBe(true);
    expect(String(path)).toMatch(expected.text);
    if (expected.reply !== undefined) expect(path.reply?.agrees).toBe(expected.reply);
  },
  60_000,
);
