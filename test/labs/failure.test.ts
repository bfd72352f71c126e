import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { Netns } from "../../lib/lab/link/netns";
import type { Veth } from "../../lib/lab/link/veth";
import { leftovers } from "./leftovers";

let lab: Lab;
let left: Netns;
let right: Netns;
let router: Netns;
let cable: Veth;
const reaches = async (): Promise<boolean> => (await left.try`ping -c1 -W1 10.5.2.1`).exitCode === 0;

beforeAll(async () => {
  lab = await Lab.open("failure-test");
  [left, right, router] = await Promise.all([
    lab.netns("left"),
    lab.netns("right"),
    lab.netns("router", { forward: true }),
  ]);
  [cable] = await Promise.all([
    lab.veth(
      { place: left, name: "eth0", address: "10.5.1.1/24" },
      { place: router, name: "l0", address: "10.5.1.254/24" },
    ),
    lab.veth(
      { place: right, name: "eth0", address: "10.5.2.1/24" },
      { place: router, name: "r0", address: "10.5.2.254/24" },
    ),
  ]);
  await left.route("default", { via: "10.5.1.254" });
  await right.route("default", { via: "10.5.2.254" });
  expect(await reaches()).toBe(true);
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

test.each([
  ["a link that is down", () => lab.failures.down(cable.a)],
  ["a router that does not forward", () => lab.failures.noForwarding(router)],
  ["a partitioned place", () => lab.failures.partition(right)],
  ["a link that loses everything", () => lab.failures.loss(cable.a, 100)],
])(
  "%s stops the ping, and undo restores it and the routes",
  async (_name, breakIt) => {
    const before = (await left.snapshot()).routes;
    const failure = await breakIt();
    expect(await reaches()).toBe(false);
    await failure.undo();
    await failure.undo();
    expect(await reaches()).toBe(true);
    expect((await left.snapshot()).routes).toEqual(before);
  },
  60_000,
);

test("a link with 50 % loss loses some packets, but not all", async () => {
  const failure = await lab.failures.loss(cable.a, 50);
  const { stdout } = await left.try`ping -c40 -i0.01 -W1 10.5.2.1`;
  await failure.undo();
  const received = Number(/(\d+) received/.exec(stdout)?.[1]);
  // 40 coin tosses: fewer than 3 or more than 37 heads happen about once in 670 million runs.
  expect(received).toBeGreaterThan(2);
  expect(received).toBeLessThan(38);
}, 60_000);

test("a delayed link is slower, and its note describes the substitute if the kernel lacks netem", async () => {
  const times = async (): Promise<{ min: number; max: number }> => {
    const { stdout } = await left.sh`ping -c4 -i0.05 -s 1400 -W3 10.5.2.1`;
    const [, min, max] = /= ([\d.]+)\/[\d.]+\/([\d.]+)/.exec(stdout) ?? [];
    return { min: Number(min), max: Number(max) };
  };
  const failure = await lab.failures.delay(cable.a, 300);
  expect((await times()).max).toBeGreaterThan(100);
  expect(failure.shell).toMatch(/netem delay 300ms|tbf rate/);
  if (failure.shell.includes("tbf")) expect(failure.note).toContain("no netem");
  await failure.undo();
  // A busy machine may slow some of the four pings, so only the fastest counts.
  expect((await times()).min).toBeLessThan(100);
}, 60_000);

test.each([
  ["a delayed link", () => lab.failures.delay(cable.a, 50)],
  ["a link that loses everything", () => lab.failures.loss(cable.a, 100)],
  ["a router that does not forward", () => lab.failures.noForwarding(router)],
  ["a partitioned place", () => lab.failures.partition(right)],
  ["a link that is down", () => lab.failures.down(cable.a)],
])(
  "%s, applied twice, works again when both are undone in any order",
  async (_name, breakIt) => {
    const queue = async (): Promise<string> => left.sh`tc qdisc show dev eth0`.text();
    const before = await queue();
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const failures = [await breakIt(), await breakIt()];
      for (const index of order) await failures[index]?.undo();
      expect(await queue()).toBe(before);
      expect(await reaches()).toBe(true);
    }
  },
  60_000,
);

test("netem duplicates packets, or the call fails because the kernel lacks netem", async () => {
  const attempt = await lab.failures.duplicate(cable.a, 100).catch((error: unknown) => error);
  if (attempt instanceof Error) {
    expect(attempt).toMatchObject({ code: "NOT_SUPPORTED", found: expect.stringContaining("netem") });
    return;
  }
  expect((await left.sh`ping -c1 -W1 10.5.2.1`).stdout).toContain("+1 duplicates");
}, 60_000);

test("a deleted rule is restored at its position", async () => {
  await router.sh`iptables -A FORWARD -p icmp -m comment --comment "let it 'pass'" -j ACCEPT; iptables -A FORWARD -j DROP`;
  const rules = async (): Promise<string> => router.sh`iptables -S FORWARD`.text();
  const before = await rules();
  const failure = await lab.failures.dropRule(router, { chain: "FORWARD", number: 1 });
  expect(await reaches()).toBe(false);
  await failure.undo();
  expect(await rules()).toBe(before);
  expect(await reaches()).toBe(true);
  await expect(lab.failures.dropRule(router, { chain: "FORWARD", number: 9 })).rejects.toThrow(
    "no rule number 9",
  );
  await router.sh`iptables -F FORWARD`;
}, 60_000);

test("undo restarts a killed app, and the pod keeps its address", async () => {
  const pod = await lab.pod("web", { image: "web" });
  const failure = await lab.failures.kill(pod.app("app"));
  expect((await lab.outside.try`curl -s -m1 http://${pod.address}/`).exitCode).not.toBe(0);
  expect((await pod.snapshot()).links.find(({ name }) => name === "eth0")?.addresses[0]?.address).toBe(
    pod.address,
  );
  await failure.undo();
  await lab.outside
    .sh`until curl -s http://${pod.address}/ | grep -q 'pod: web'; do sleep 0.02; done`.timeout(10_000);
}, 60_000);
