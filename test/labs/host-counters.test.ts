import { Engine } from "../../lib/engine";
import { worldOf } from "../../lib/inspect/world";
import type { DockerHost } from "../../lib/lab/docker/docker-host";
import type { HostContainer } from "../../lib/lab/docker/host-container";
import { Lab } from "../../lib/lab/lab";
import { HostCounters } from "../../lib/lab/trace/host-counters";
import { journey } from "../../lib/netfilter/journey";
import { leftovers } from "./leftovers";

let lab: Lab;
let host: DockerHost;
let web: HostContainer;
beforeAll(async () => {
  lab = await Lab.open("host-witness");
  host = await lab.dockerHost("host1");
  web = await host.run("web", { image: "web", publish: { 8080: 80 } });
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

/** The settings of the machine's own netns, without what other labs on the machine create and remove. */
async function settings(): Promise<readonly string[]> {
  const { id } = await lab.engine.networks.inspect(lab.context.network);
  const { stdout } = await lab.context.session.hostShell.run(`
    for save in iptables-nft-save iptables-legacy-save ip6tables-nft-save ip6tables-legacy-save; do
      $save 2>/dev/null
    done
    ip route show table all; ip -6 route show table all; ip rule; ip -6 rule; nft -s list ruleset | grep -v counter
    grep -rs '' /proc/sys/net/ipv4 /proc/sys/net/ipv6 /proc/sys/net/bridge /proc/sys/net/netfilter`);
  const own = `br-${id.slice(0, 12)}`;
  const foreign = /br-[0-9a-f]{12}|veth[0-9a-f]{7}|172\.\d+\./;
  const passing = /nf_conntrack_count|\/neigh\/|172\.\d+\.|base_reachable|route\/flush|fib_.*seed/;
  return stdout
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ""))
    .filter((line) => line.includes(own) || (!foreign.test(line) && !passing.test(line)));
}

test.each([
  ["from the outside to a published port", () => ({ from: lab.outside, to: host, tcp: 8080 })],
  ["a ping from a container to the outside", () => ({ from: web, to: lab.outside, icmp: true as const })],
  ["a datagram from a container to the outside", () => ({ from: web, to: lab.outside, udp: 53 })],
])(
  "%s: the path crosses the machine, its counters agree, and its settings don't change",
  async (_name, request) => {
    const before = await settings();
    expect(before.length).toBeGreaterThan(100);
    const path = await lab.trace({ ...request(), host: true });
    expect(await settings()).toEqual(before);

    expect(path.unobserved).toBeUndefined();
    const crossed = path.outcome?.steps.some(({ place }) => place === "host");
    const filtered = (await lab.host.snapshot()).sysctls?.["net.bridge.bridge-nf-call-iptables"] === "1";
    expect(crossed).toBe(true);
    expect(path.counted?.rules.filter(({ says }) => says === "differs")).toEqual([]);
    expect(path.counted?.connection?.says).not.toBe("differs");
    expect([path.agrees, path.counted?.agrees]).toEqual([true, filtered ? true : undefined]);
    expect(String(path)).toMatch(/counters before and after: (\d+) of \1 rules as predicted/);
  },
  60_000,
);

test("the path doesn't include the machine unless `host` is set", async () => {
  const path = await lab.trace({ from: lab.outside, to: host, tcp: 8080 });
  expect(path.counted).toBeUndefined();
  expect(path.outcome?.steps.some(({ place }) => place === "host")).toBe(false);
}, 60_000);

test("the counters reveal that the machine's rules differ from the snapshot", async () => {
  // A Docker host replaces the machine, which is only read: here the test can add a rule after the prediction.
  const first = await host.snapshot();
  const world = worldOf([first, await web.snapshot(), await lab.outside.snapshot()]);
  const path = journey(world, "outside", {
    family: "ipv4",
    src: lab.outside.address,
    dst: host.address,
    protocol: "tcp",
    sport: 31_999,
    dport: 8080,
    tcpFlags: ["SYN"],
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  });
  await host.sh`iptables -A DOCKER-USER -p tcp --dport 80 -s ${lab.outside.address} -j DROP
    iptables -D DOCKER-USER -j RETURN; iptables -A DOCKER-USER -j RETURN`;
  const counters = new HostCounters(first, () => host.snapshot());
  await counters.during(
    1,
    async () =>
      lab.outside.try`timeout 0.5 socat -u /dev/null TCP:${host.address}:8080,sourceport=31999`.quiet(),
    "ipv4",
  );
  const counted = counters.judge(world, "outside", path, 0);
  expect(counted.agrees).toBe(false);
  expect(counted.rules.find(({ says }) => says === "differs")?.text).toContain("should have matched");
  expect(counted.connection?.says).toBe("differs");
}, 60_000);
