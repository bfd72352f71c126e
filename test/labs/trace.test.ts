import { Engine } from "../../lib/engine";
import { Session } from "../../lib/lab/runtime/session";
import { LiveTrace } from "../../lib/lab/trace/live/live-trace";
import { type Namespace, Rig } from "../fuzz/rig/rig";

// client 10.0.0.2 – router 10.0.0.1, 192.168.0.1 – server 192.168.0.10:8080, reached as 172.30.0.41:80.
const rules = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SVC - [0:0]
-A PREROUTING -d 172.30.0.41/32 -p tcp -m tcp --dport 80 -j SVC
-A OUTPUT -d 172.30.0.41/32 -p tcp -m tcp --dport 80 -j SVC
-A POSTROUTING -s 10.0.0.0/24 -o vs -j MASQUERADE
-A SVC -p tcp -j DNAT --to-destination 192.168.0.10:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 99 -j REJECT --reject-with tcp-reset
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW --ctorigdst 172.30.0.41/32 -j ACCEPT
COMMIT
`;

let engine: Engine;
let rig: Rig;
let client: Namespace;
let router: Namespace;
let server: Namespace;

beforeAll(async () => {
  engine = await Engine.connect();
  rig = await Rig.start(engine, ["client", "router", "server"]);
  [client, router, server] = [rig.namespace("client"), rig.namespace("router"), rig.namespace("server")];
  await router.run(`
    ip link add vc type veth peer name eth0 netns ${client.pid}
    ip link add vs type veth peer name eth0 netns ${server.pid}
    ip addr add 10.0.0.1/24 dev vc; ip addr add 192.168.0.1/24 dev vs
    ip link set vc up; ip link set vs up
    echo 1 > /proc/sys/net/ipv4/ip_forward
    ip route add default via 10.0.0.2
    iptables-restore <<'END'\n${rules}END`);
  await client.run(
    "ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.0.1",
  );
  await server.run(
    "ip addr add 192.168.0.10/24 dev eth0; ip link set eth0 up; ip route add default via 192.168.0.1",
  );
  // Polls ss until the socket listens, instead of sleeping.
  await server.run(`socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo hi' >/dev/null 2>&1 &
    until ss -Hltn 'sport = :8080' | grep -q LISTEN; do kill -0 $!; done`);
}, 60_000);

afterAll(async () => {
  await rig.remove();
  await (await Session.on(engine)).end();
  expect(await engine.containers.list({ "wirebook.owner": "" })).not.toContainEqual(
    expect.objectContaining({ name: expect.stringContaining("-rig-") }),
  );
}, 30_000);

const service = { family: "ipv4", dst: "172.30.0.41", protocol: "tcp", dport: 80 } as const;

test("traces a connection through a service, hook by hook, with the header as it left", async () => {
  const trace = await LiveTrace.start(router, [service]);
  try {
    expect((await client.run("nc -N -w 2 172.30.0.41 80 </dev/null")).trim()).toBe("hi");
    await trace.flush();
    const { packets } = trace.observed();
    const [syn] = packets;
    expect(syn?.header).toMatchObject({ src: "10.0.0.2", dst: "172.30.0.41", dport: 80, flags: ["SYN"] });
    expect(syn?.visits.map(({ table, chain }) => `${table} ${chain}`).slice(1)).toEqual([
      "nat PREROUTING",
      "filter FORWARD",
      "nat POSTROUTING",
      expect.stringMatching(/^wirebook-trace-\w+ post$/),
    ]);
    expect(syn?.visits.at(-1)?.header).toMatchObject({
      src: "192.168.0.1",
      dst: "192.168.0.10",
      dport: 8080,
    });
  } finally {
    await trace.stop();
  }
}, 30_000);

test("another flow is not traced", async () => {
  const trace = await LiveTrace.start(router, [{ ...service, dport: 81 }]);
  try {
    await client.run("nc -N -w 2 172.30.0.41 80 </dev/null");
    await trace.flush();
    expect(trace.observed().packets).toEqual([]);
  } finally {
    await trace.stop();
  }
}, 30_000);

test("the reset that REJECT sends is traced as a separate packet", async () => {
  const flow = { family: "ipv4", dst: "10.0.0.1", protocol: "tcp", dport: 99 } as const;
  const trace = await LiveTrace.start(router, [flow]);
  try {
    await client.shell.run("nc -N -w 2 10.0.0.1 99 </dev/null");
    await trace.flush();
    const { packets } = trace.observed();
    expect(packets.map(({ header }) => header?.flags)).toEqual([["SYN"], ["RST", "ACK"]]);
    expect(packets[0]?.visits.at(-1)).toMatchObject({ table: "filter", chain: "INPUT" });
  } finally {
    await trace.stop();
  }
}, 30_000);

const ruleset = (): Promise<string> => router.run("nft -s list ruleset");

test("nothing is left in the netns, neither after stop nor when the trace process is cut off", async () => {
  const before = await ruleset();
  const trace = await LiveTrace.start(router, [service]);
  expect(await ruleset()).not.toBe(before);
  await trace.stop();
  expect(await ruleset()).toBe(before);

  const cut = await LiveTrace.start(
    {
      place: "router",
      open: async (argv, sink) => {
        const process = await router.open(argv, sink);
        return { ...process, write: process.write, end: () => process.destroy(), exit: process.exit };
      },
    },
    [service],
  );
  await cut.stop();
  await router.run(
    "n=0; while nft list tables | grep -q wirebook-trace && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done",
  );
  expect(await ruleset()).toBe(before);
  expect((await router.shell.run("pgrep -x nft")).stdout).toBe("");
}, 30_000);

test("a trace that can't be set up fails and leaves nothing", async () => {
  const before = await ruleset();
  const broken = LiveTrace.start(router, [{ family: "ipv4", protocol: "nonsense" }]);
  await expect(broken).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  expect(await ruleset()).toBe(before);
}, 30_000);
