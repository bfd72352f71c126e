import { Engine, LabError } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { leftovers } from "./leftovers";

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open("netns-test");
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

test("a new netns has only loopback and no route, and doesn't forward", async () => {
  const red = await lab.netns("red");
  const look = await red.snapshot();
  expect(look.links.map(({ name }) => name)).toEqual(["lo"]);
  expect(look.routes.filter(({ table }) => table === "main")).toEqual([]);
  expect(look.sysctls?.["net.ipv4.ip_forward"]).toBe("0");
}, 60_000);

test("two namespaces reach each other over a veth pair, and the world reports the pair by both ifindexes", async () => {
  const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
  const cable = await lab.veth(
    { place: a, name: "to-b", address: "10.1.0.1/24" },
    { place: b, name: "to-a", address: "10.1.0.2/24", mac: "02:00:00:00:00:0b" },
  );
  expect((await a.sh`ping -c1 -W2 10.1.0.2`).exitCode).toBe(0);
  expect(await a.neighbours()).toMatchObject([{ address: "10.1.0.2", mac: "02:00:00:00:00:0b" }]);
  const { places, pairs = [] } = await lab.world();
  const index = (place: string, link: string): number | undefined =>
    places.find(({ name }) => name === place)?.snapshot?.links.find(({ name }) => name === link)?.ifindex;
  const ends = pairs.map((pair) =>
    [pair.a, pair.b].sort((one, other) => one.place.localeCompare(other.place)),
  );
  expect(ends).toContainEqual([
    { place: "a", ifindex: index("a", "to-b") },
    { place: "b", ifindex: index("b", "to-a") },
  ]);

  await cable.b.down();
  expect((await a.try`ping -c1 -W1 10.1.0.2`).exitCode).not.toBe(0);
  await cable.b.up();
  expect((await a.sh`ping -c1 -W2 10.1.0.2`).exitCode).toBe(0);
  await cable.remove();
  expect((await b.snapshot()).links.map(({ name }) => name)).toEqual(["lo"]);
}, 60_000);

test("a bridge learns the port of each MAC address", async () => {
  const [hub, x, y] = await Promise.all([lab.netns("hub"), lab.netns("x"), lab.netns("y")]);
  const cables = await Promise.all(
    [x, y].map((place, i) =>
      lab.veth(
        { place, name: "eth0", address: `10.2.0.${i + 1}/24`, mac: `02:00:00:00:02:0${i + 1}` },
        { place: hub, name: `port${i + 1}` },
      ),
    ),
  );
  const bridge = await (await hub.bridge("br0", { address: "10.2.0.254/24" })).add(
    ...cables.map(({ b }) => b),
  );
  await x.sh`ping -c1 -W2 10.2.0.2`;
  const learned = (await bridge.fdb()).filter(({ permanent }) => !permanent);
  expect(learned).toContainEqual({ mac: "02:00:00:00:02:01", port: "port1", permanent: false });
  expect(learned).toContainEqual({ mac: "02:00:00:00:02:02", port: "port2", permanent: false });
  await x.sh`ping -c1 -W2 10.2.0.254`;
}, 60_000);

test("a router between two links forwards only if forwarding is enabled", async () => {
  const [left, right] = await Promise.all([lab.netns("left"), lab.netns("right")]);
  const router = await lab.netns("router", { forward: true });
  await Promise.all([
    lab.veth(
      { place: left, name: "eth0", address: "10.3.1.1/24" },
      { place: router, name: "l", address: "10.3.1.254/24" },
    ),
    lab.veth(
      { place: right, name: "eth0", address: "10.3.2.1/24" },
      { place: router, name: "r", address: "10.3.2.254/24" },
    ),
  ]);
  expect((await left.try`ping -c1 -W1 10.3.2.1`).exitCode).not.toBe(0);
  await left.route("default", { via: "10.3.1.254" });
  await right.route("10.3.1.0/24", { via: "10.3.2.254", dev: "eth0" });
  expect((await left.sh`ping -c1 -W2 10.3.2.1`).stdout).toContain("ttl=63");
  await expect(left.route("default", { via: "10.3.1.254" })).rejects.toMatchObject({ code: "NAME_TAKEN" });
  await left.removeRoute("default");
  expect((await left.try`ping -c1 -W1 10.3.2.1`).exitCode).not.toBe(0);
}, 60_000);

test("a process forwards frames between two tap devices, and both devices disappear when it ends", async () => {
  const [p, q] = await Promise.all([lab.netns("p"), lab.netns("q")]);
  const cable = await lab.tap(
    { place: p, name: "tap0", address: "10.4.0.1/24" },
    { place: q, name: "tap0", address: "10.4.0.2/24" },
  );
  expect((await p.sh`ping -c2 -i0.2 -W2 10.4.0.2`).exitCode).toBe(0);
  await p.sh`ping -c1 -W2 -s 1472 -M do 10.4.0.2`;
  expect((await p.snapshot()).links.find(({ name }) => name === "tap0")?.kind).toBe("tap");
  await cable.cut();
  expect((await q.snapshot()).links.map(({ name }) => name)).toEqual(["lo"]);
  expect((await p.snapshot()).links.map(({ name }) => name)).toEqual(["lo"]);
}, 60_000);

test("a tap cable with names that are taken is refused at once, and the existing one keeps working", async () => {
  const [t, u] = await Promise.all([lab.netns("t"), lab.netns("u")]);
  const ends = [
    { place: t, name: "tap0", address: "10.4.1.1/24" },
    { place: u, name: "tap0", address: "10.4.1.2/24" },
  ] as const;
  const cable = await lab.tap(...ends);
  await expect(lab.tap(...ends)).rejects.toMatchObject({ code: "NAME_TAKEN" });
  const [first, second] = ends;
  await expect(lab.tap({ ...first, name: "tap1" }, second)).rejects.toMatchObject({ code: "NAME_TAKEN" });
  await expect(lab.tap(first, { ...second, name: "tap1" })).rejects.toMatchObject({ code: "NAME_TAKEN" });
  await expect(lab.tap({ place: t, name: "tap2" }, { place: t, name: "tap2" })).rejects.toMatchObject({
    code: "NAME_TAKEN",
  });
  await lab.veth({ place: t, name: "v0" }, { place: u, name: "v0" });
  await expect(lab.tap({ place: t, name: "v0" }, { place: u, name: "tap3" })).rejects.toMatchObject({
    code: "NAME_TAKEN",
  });
  expect((await t.sh`ping -c1 -W2 10.4.1.2`).exitCode).toBe(0);
  const names = async (place: typeof t): Promise<readonly string[]> =>
    (await place.snapshot()).links.map(({ name }) => name).sort();
  expect([await names(t), await names(u)]).toEqual([
    ["lo", "tap0", "v0"],
    ["lo", "tap0", "v0"],
  ]);

  await cable.cut();
  await cable.cut();
  expect([await names(t), await names(u)]).toEqual([
    ["lo", "v0"],
    ["lo", "v0"],
  ]);
  const both = await Promise.allSettled([lab.tap(...ends), lab.tap(...ends)]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect((await t.sh`ping -c1 -W2 10.4.1.2`).exitCode).toBe(0);
}, 60_000);

test("a second call with the same name returns the same object, or fails with NAME_TAKEN", async () => {
  const name = "twice";
  const [hub, other] = await Promise.all([lab.netns("hub2"), lab.netns("hub3")]);
  await expect(lab.netns("hub2")).rejects.toMatchObject({ code: "NAME_TAKEN" });
  const made = await Promise.allSettled([lab.netns(name), lab.netns(name)]);
  expect(made.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await hub.bridge("br0");
  await expect(hub.bridge("br0")).rejects.toMatchObject({ code: "NAME_TAKEN" });
  const ends = [
    { place: hub, name: "v0" },
    { place: other, name: "v0" },
  ] as const;
  const cables = await Promise.allSettled([lab.veth(...ends), lab.veth(...ends)]);
  expect(cables.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(lab.veth(...ends)).rejects.toMatchObject({ code: "NAME_TAKEN" });
  await expect(lab.veth({ place: hub, name: "v1" }, ends[1])).rejects.toMatchObject({ code: "NAME_TAKEN" });
  const link = hub.link("v0");
  await link.addAddress("10.7.0.1/24");
  await expect(link.addAddress("10.7.0.1/24")).rejects.toMatchObject({ code: "NAME_TAKEN" });
  const captures = await Promise.all([lab.capture([hub]), lab.capture([hub])]);
  await Promise.all(captures.map((capture) => capture.stop()));
  await Promise.all(captures.map((capture) => capture.stop()));
}, 60_000);

test("closes the first of two labs opened concurrently with one name", async () => {
  const open = (): Promise<Lab> => Lab.open("netns-test-twin");
  const [first, second] = await Promise.all([open(), open()]);
  await expect(first.netns("x1")).rejects.toMatchObject({ code: "LAB_CLOSED" });
  expect(await first.leaks()).toEqual([]);
  await second.netns("x1");
  await second.close();
}, 60_000);

test("a failed creation leaves nothing, so that its name can be used again", async () => {
  const place = await lab.netns("half");
  await expect(place.bridge("br0", { address: "10.0.0.300/24" })).rejects.toMatchObject({
    code: "BAD_ADDRESS",
  });
  await place.bridge("br0", { address: "10.8.0.1/24" });
  const end = { place, name: "tap0" };
  const bad: readonly (readonly [Partial<typeof end> & { address?: string }, string])[] = [
    [{ name: "a,b" }, "BAD_NAME"],
    [{ name: "a-name-of-twenty-char" }, "BAD_NAME"],
    [{ name: "" }, "BAD_NAME"],
    [{ address: "10.0.0.1" }, "BAD_ADDRESS"],
    [{ address: "10.0.0.300/24" }, "BAD_ADDRESS"],
    [{ address: "fd00::1/64" }, "BAD_ADDRESS"],
  ];
  for (const [part, code] of bad)
    await expect(lab.tap({ ...end, ...part }, { place, name: "tap1" })).rejects.toMatchObject({ code });
  await (await lab.tap(end, { place, name: "tap1" })).cut();
  expect((await place.snapshot()).links.map(({ name }) => name)).toEqual(["lo", "br0"]);
}, 60_000);

test.each([
  ["an invalid address", (): Promise<unknown> => veth("z1", "10.9.0.300/24"), "BAD_ADDRESS"],
  [
    "a link name that is too long",
    (): Promise<unknown> => veth("a-name-of-twenty-char", "10.9.0.1/24"),
    "BAD_NAME",
  ],
  ["a place name with a slash", (): Promise<unknown> => lab.netns("../etc"), "BAD_NAME"],
  ["a place name with a space", (): Promise<unknown> => lab.netns("my ns"), "BAD_NAME"],
  ["a place name that is taken", (): Promise<unknown> => lab.netns("outside"), "NAME_TAKEN"],
])(
  "%s is refused",
  async (_what, action, code) => {
    const before = await lab.outside.snapshot();
    const error = await action().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LabError);
    expect(error).toMatchObject({ code });
    expect((await lab.outside.snapshot()).links).toHaveLength(before.links.length);
  },
  60_000,
);

async function veth(name: string, address: string): Promise<unknown> {
  return lab.veth({ place: lab.outside, name, address }, { place: lab.outside, name: "other" });
}
