import { Engine } from "../../lib/engine";
import type { DockerHost } from "../../lib/lab/docker/docker-host";
import type { HostContainer } from "../../lib/lab/docker/host-container";
import { Lab } from "../../lib/lab/lab";
import type { JourneyPicture } from "../../lib/lab/trace/journey-picture";
import type { TraceRequest } from "../../lib/lab/trace/trace-request";
import { leftovers } from "./leftovers";

let lab: Lab;
let host: DockerHost;
let web: HostContainer;
let apart: HostContainer;
beforeAll(async () => {
  lab = await Lab.open("trace-test");
  host = await lab.dockerHost("host1");
  await host.network("apart");
  [web, apart] = await Promise.all([
    host.run("web", { image: "web", publish: { 8080: 80 } }),
    host.run("apart", { image: "base", network: "apart" }),
  ]);
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

test.each<[string, () => TraceRequest, { verdict: string; src: () => string; dst: () => string }]>([
  [
    "a connection from a container to the outside leaves with the Docker host's address",
    () => ({ from: web, to: lab.outside, tcp: 80 }),
    { verdict: "accept", src: () => host.address, dst: () => lab.outside.address },
  ],
  [
    "a connection from the outside to the published port reaches the container with its original source",
    () => ({ from: lab.outside, to: host, tcp: 8080 }),
    { verdict: "accept", src: () => lab.outside.address, dst: () => "172.17.0.2" },
  ],
  [
    "a ping to the outside is masqueraded",
    () => ({ from: web, to: lab.outside, icmp: true }),
    { verdict: "accept", src: () => host.address, dst: () => lab.outside.address },
  ],
  [
    "a datagram to the outside is masqueraded",
    () => ({ from: web, to: lab.outside, udp: 53 }),
    { verdict: "accept", src: () => host.address, dst: () => lab.outside.address },
  ],
  [
    "a connection from one network of the host to the other is dropped",
    () => ({ from: apart, to: web, tcp: 80 }),
    { verdict: "drop", src: () => apart.address, dst: () => web.address },
  ],
])(
  "%s, and the kernel's trace agrees rule by rule",
  async (_name, request, expected) => {
    const path = await lab.trace(request());
    expect(path.unobserved).toBeUndefined();
    expect(path.observed?.difference?.text).toBeUndefined();
    expect(path.agrees).toBe(true);
    // All state that decides was read: nothing was assumed, and no step has two possible outcomes.
    expect(
      path.outcomes.map(({ certain, dependsOn, assumed = [] }) => [certain, dependsOn, assumed]),
    ).toEqual([[true, [], []]]);
    expect(path.outcome).toMatchObject({
      verdict: expected.verdict,
      packet: { src: expected.src(), dst: expected.dst() },
    });
  },
  60_000,
);

test("no nat rule is evaluated for the reply and the second packet: the conntrack entry translates them", async () => {
  const path = await lab.trace({ from: web, to: lab.outside, tcp: 80 });
  const translated = (journey: JourneyPicture | undefined) =>
    journey?.outcome?.steps.flatMap((step) =>
      step.before.src !== step.after.src || step.before.dst !== step.after.dst ? [step.kind] : [],
    );
  expect(translated(path.reply)).toEqual(["nat"]);
  expect(path.reply?.outcome?.packet).toMatchObject({ src: lab.outside.address, dst: web.address });
  expect(translated(path.second)).toEqual(["nat"]);
  expect(path.second?.outcome?.packet).toMatchObject({ src: host.address, dst: lab.outside.address });
  expect([path.reply?.agrees, path.second?.agrees]).toEqual([true, true]);
  expect(String(path.second)).toContain("the second packet, through host1/web, host1, outside");
  expect(path.ladder.text).toContain("conntrack destination put back, no rule is asked");
}, 60_000);

test("an inserted rule is evaluated, and the kernel's trace agrees", async () => {
  await host.sh`iptables -I DOCKER-USER -p tcp --dport 80 -s ${lab.outside.address} -j REJECT`;
  const path = await lab.trace({ from: lab.outside, to: host, tcp: 8080 });
  expect([path.agrees, path.outcome?.verdict]).toEqual([true, "reject"]);
  await host.sh`iptables -D DOCKER-USER 1`;
  expect((await lab.trace({ from: lab.outside, to: host, tcp: 8080 })).outcome?.verdict).toBe("accept");
}, 60_000);

test("tracing leaves no nftables table", async () => {
  expect(await host.sh`nft list tables`.text()).toBe("table ip nat\ntable ip filter");
  expect(await lab.outside.sh`nft list tables`.text()).toBe("");
}, 60_000);

test("a prediction sends no packet", async () => {
  const counters = async (): Promise<string> => host.sh`iptables -t nat -nvxL DOCKER`.text();
  const before = await counters();
  const path = await lab.predict({ from: lab.outside, to: host, tcp: 8080 });
  expect(path.agrees).toBeUndefined();
  expect(path.toString()).toContain("DNAT --to-destination 172.17.0.2:80");
  expect(await counters()).toBe(before);
}, 60_000);

test.each([
  [
    "a name instead of an address",
    (): Promise<unknown> => lab.trace({ from: web, to: "example", tcp: 80 }),
    "BAD_ADDRESS",
  ],
  ["port 70000", (): Promise<unknown> => lab.trace({ from: web, to: lab.outside, tcp: 70_000 }), "BAD_PORT"],
])(
  "%s is refused",
  async (_name, action, code) => {
    await expect(action()).rejects.toMatchObject({ code });
  },
  60_000,
);
