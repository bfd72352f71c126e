import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { gone, leftovers } from "./leftovers";

let engine: Engine;
let before: readonly string[];
const ours = async (): Promise<readonly string[]> =>
  (await engine.containers.list({ "wirebook.by": "" }))
    .filter(({ labels }) => labels["wirebook.by"]?.endsWith(`/${process.pid}`))
    .map(({ name }) => name);

beforeAll(async () => {
  engine = await Engine.connect();
  before = await ours();
});
afterAll(async () => {
  expect(await ours()).toEqual(before);
});

test("without an engine the error says how to start one", async () => {
  await expect(Engine.connect({ host: "unix:///nowhere/docker.sock" })).rejects.toMatchObject({
    code: "NO_ENGINE",
    advice: expect.stringContaining("systemctl start docker"),
  });
  await expect(Engine.connect({ host: "tcp://127.0.0.1:1" })).rejects.toMatchObject({ code: "NO_ENGINE" });
  await expect(Engine.connect({ host: "nonsense://" })).rejects.toMatchObject({ code: "NO_ENGINE" });
});

test("without permission on the socket the error says which group to join", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wirebook-"));
  const socket = join(folder, "docker.sock");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  chmodSync(socket, 0o000);
  chmodSync(folder, 0o755);
  const isRoot = process.geteuid?.() === 0;
  // Root bypasses file permissions, so root connects as the user nobody.
  if (isRoot) process.seteuid?.(65_534);
  try {
    await expect(Engine.connect({ host: `unix://${socket}` })).rejects.toMatchObject({
      code: "NO_PERMISSION",
      advice: expect.stringContaining("usermod -aG docker"),
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(["../etc", "my lab", "", "Lab", "-lab", "a".repeat(41), "läb", "lab\n"])(
  "the lab name %j is refused",
  async (name) => {
    await expect(Lab.open(name)).rejects.toMatchObject({ code: "BAD_NAME" });
  },
);

test("a subnet that is taken or invalid is refused and leaves nothing", async () => {
  const [network] = await engine.networks.list();
  const taken = (await engine.networks.list()).flatMap(({ subnets }) => subnets)[0] ?? "172.17.0.0/16";
  expect(network).toBeDefined();
  await expect(Lab.open("bad-subnet", { subnet: taken })).rejects.toMatchObject({ code: "SUBNET_TAKEN" });
  for (const subnet of ["10.0.0.7/24", "10.0.0.0/30", "10.0.0.0/31", "fd00::/64", "none"])
    await expect(Lab.open("bad-subnet", { subnet })).rejects.toMatchObject({ code: "BAD_ADDRESS" });
}, 60_000);

test("invalid pods are refused and leave nothing", async () => {
  const lab = await Lab.open("bad-pods");
  try {
    const there = async (): Promise<readonly string[]> =>
      (await ours()).filter((name) => name.includes("bad-pods"));
    const start = await there();
    const [blocker] = await Promise.all([lab.pod("blocker", { publish: { 0: 80 } })]);
    const port = blocker.ports[0]?.hostPort ?? 0;
    const refused: readonly (readonly [string, Promise<unknown>])[] = [
      ["IMAGE_MISSING", lab.pod("a", { image: "no/such:image" })],
      ["CONTAINER_EXITED", lab.pod("b", { command: ["sh", "-c", "echo cannot start; exit 7"] })],
      ["COMMAND_MISSING", lab.pod("c", { command: ["no-such-program"] })],
      ["PORT_IN_USE", lab.pod("d", { publish: { [port]: 80 } })],
      ["BAD_PORT", lab.pod("e", { publish: { 70000: 80 } })],
      ["BAD_PORT", lab.pod("f", { publish: { 8080: 0 } })],
      ["CAPABILITY_REFUSED", lab.pod("g", { capabilities: ["FLYING"] })],
      ["IMAGE_MISSING", lab.pod("h", { image: "No/Such Image" })],
      ["COMMAND_MISSING", lab.pod("i", { image: "" })],
      ["COMMAND_MISSING", lab.pod("j", { command: [""] })],
      ["BAD_NAME", lab.pod("k", { apps: {} })],
      ["BAD_NAME", lab.pod("l", { apps: { "a b": {} } })],
      ["BAD_PORT", lab.pod("m", { publish: ["8000-8002:80"] })],
      ["NAME_TAKEN", lab.pod("outside")],
      ["BAD_NAME", lab.pod("a/b")],
      ["NOT_READY", lab.pod("n", { command: ["sleep", "60"], ready: 81 })],
      ["NOT_READY", lab.pod("o", { apps: { web: { image: "web" }, late: { ready: 81 } } })],
      ["BAD_PORT", lab.pod("p", { ready: 0 })],
    ];
    const ends = await Promise.allSettled(refused.map(([, attempt]) => attempt));
    expect(ends.map((end) => (end.status === "rejected" ? end.reason : end.value))).toMatchObject(
      refused.map(([code]) => ({ name: "LabError", code })),
    );
    expect((await there()).filter((name) => !start.includes(name) && !name.includes("blocker"))).toEqual([]);
    expect([...lab.places.keys()]).toEqual(["outside", "blocker"]);
  } finally {
    await lab.close();
  }
}, 60_000);

test("calls fail with ENGINE_GONE when an engine stops, and opening the lab again recovers", async () => {
  const outer = await Lab.open("outer");
  const { owner } = outer.context.session;
  try {
    const host = await outer.dockerHost("engine", { memoryBytes: 2 * 1024 ** 3 });
    const lab = await Lab.open("inner", { engine: host.inner });
    const inner = lab.context.session.owner;
    const pod = await lab.pod("web", { image: "web" });
    expect(await lab.outside.sh`curl -s http://${pod.address}/`.text()).toContain("pod: web");

    const sleeping = lab.outside.exec(["sleep", "60"]).catch((error: unknown) => error);
    await outer.engine.containers.kill(host.container);
    expect(await sleeping).toMatchObject({ code: "ENGINE_GONE" });
    await expect(lab.pod("late")).rejects.toMatchObject({ code: "ENGINE_GONE" });

    await outer.engine.containers.start(host.container);
    await waitFor(() => host.inner.answers(), "the engine inside answers again");
    const again = await Lab.open("inner", { engine: host.inner });
    const web = await again.pod("web", { image: "web" });
    expect(await again.outside.sh`curl -s http://${web.address}/`.text()).toContain("pod: web");
    await gone(host.inner, inner);
    await again.close();
    expect(await leftovers(host.inner, again.context.session.owner)).toEqual([]);
  } finally {
    await outer.close();
    expect(await leftovers(engine, owner)).toEqual([]);
  }
}, 120_000);

test("a full disk fails with DISK_FULL and leaves nothing, and the same call works once there is space", async () => {
  const outer = await Lab.open("outer");
  const { owner } = outer.context.session;
  try {
    const host = await outer.dockerHost("small");
    const there = async (): Promise<readonly string[]> =>
      (await host.inner.containers.list()).map(({ name }) => name);
    // Leaves the nested engine one page for the files that it writes for each container.
    await host.sh`mount -t tmpfs -o size=4k small /var/lib/docker/containers`;
    const full = { code: "DISK_FULL", advice: expect.stringContaining("docker system df") };
    await expect(host.run("web", { image: "web" })).rejects.toMatchObject(full);
    await expect(Lab.open("inner", { engine: host.inner })).rejects.toMatchObject(full);
    expect(await there()).toEqual([]);
    expect(await host.inner.networks.list({ wirebook: "" })).toEqual([]);

    await host.sh`umount /var/lib/docker/containers`;
    await host.run("web", { image: "web" });
    expect(await there()).toEqual(["web"]);
  } finally {
    await outer.close();
    expect(await leftovers(engine, owner)).toEqual([]);
  }
}, 120_000);

async function waitFor(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it did not come about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
