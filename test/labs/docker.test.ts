import { Engine } from "../../lib/engine";
import type { DockerHost } from "../../lib/lab/docker/docker-host";
import { Lab } from "../../lib/lab/lab";
import { leftovers } from "./leftovers";

let lab: Lab;
let hosts: readonly [DockerHost, DockerHost];
beforeAll(async () => {
  lab = await Lab.open("docker-test");
  hosts = await Promise.all([lab.dockerHost("host1"), lab.dockerHost("host2")]);
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

test("two Docker hosts that start concurrently have the images", async () => {
  for (const host of hosts) {
    expect(await host.docker("images", "--format", "{{.Repository}}").lines()).toEqual(
      expect.arrayContaining(["base", "pause", "web"]),
    );
  }
}, 60_000);

test("containers of two Docker hosts can have the same address, and each is reached through its host", async () => {
  const webs = await Promise.all(
    hosts.map((host) => host.run("web", { image: "web", publish: { 8080: 80 } })),
  );
  expect(webs.map(({ address }) => address)).toEqual(["172.17.0.2", "172.17.0.2"]);
  expect(webs[0]?.shell).toBe("docker run -d --name web -p 8080:80 web");
  for (const host of hosts) {
    const page = await lab.outside.sh`curl -s http://${host.address}:8080/`.text();
    expect(page).toContain("server: 172.17.0.2:80");
    // Destination NAT keeps the source address.
    expect(page).toContain(`client: ${lab.outside.address}:`);
  }
}, 60_000);

test("the outside sees a container's connection with the Docker host's address", async () => {
  const [host] = hosts;
  await host.docker("run", "-d", "--name", "client", "base");
  const client = await host.find("client");
  const page = await client.sh`curl -s http://${lab.outside.address}/`.text();
  expect(page).toContain(`client: ${host.address}:`);
  const [entry] = ((await host.snapshot()).conntrack ?? []).filter(
    ({ original }) => original.src === client.address,
  );
  expect(entry).toMatchObject({ reply: { dst: host.address, src: lab.outside.address } });
}, 60_000);

test("two networks of a Docker host are isolated from each other, and both reach the outside", async () => {
  const [, host] = hosts;
  const network = await host.network("apart", { subnet: "172.28.5.0/24" });
  expect(network.shell).toBe("docker network create --subnet 172.28.5.0/24 apart");
  const apart = await host.run("apart", { image: "base", network: "apart" });
  const joined = await host.run("joined", { image: "web" });
  expect((await apart.try`curl -s -m 1 http://${joined.address}/`).exitCode).not.toBe(0);
  expect((await apart.sh`curl -s -m 2 http://${lab.outside.address}/`).stdout).toContain(
    `client: ${host.address}`,
  );
}, 60_000);

test("an internal network has no route to the outside, and a container with network `none` has no link but loopback", async () => {
  const [host] = hosts;
  await host.network("inside", { internal: true });
  const shut = await host.run("shut", { image: "base", network: "inside" });
  expect((await shut.try`curl -s -m 1 http://${lab.outside.address}/`).exitCode).not.toBe(0);
  const bare = await host.run("bare", { image: "base", network: "none" });
  expect((await bare.snapshot()).links.map(({ name }) => name)).toEqual(["lo"]);
  const joined = await host.run("joined", { image: "base", network: "container:shut" });
  expect((await joined.snapshot()).netns).toBe((await shut.snapshot()).netns);
}, 60_000);

test("publishes ports in every form of docker run -p, and each TCP port answers on the address it is bound to", async () => {
  const [host] = hosts;
  const publish = ["8090:80", "127.0.0.1:8443:80", "9000-9001:80-81", "5353:53/udp", "8080"];
  const forms = await host.run("forms", { image: "web", publish });
  expect(forms.shell).toBe(
    "docker run -d --name forms -p 8090:80 -p 127.0.0.1:8443:80 -p 9000:80 -p 9001:81 -p 5353:53/udp -p 8080 web",
  );
  const { ports } = await forms.state();
  const bound = ports.map(({ hostAddress, hostPort, containerPort, protocol }) =>
    containerPort === 8080
      ? `${hostAddress}, ${hostPort > 0}`
      : `${hostAddress}:${hostPort} ${containerPort}/${protocol}`,
  );
  expect(bound.sort()).toEqual([
    "0.0.0.0, true",
    "0.0.0.0:5353 53/udp",
    "0.0.0.0:8090 80/tcp",
    "0.0.0.0:9000 80/tcp",
    "0.0.0.0:9001 81/tcp",
    "127.0.0.1:8443 80/tcp",
  ]);
  for (const port of [8090, 9000])
    expect(await lab.outside.sh`curl -s http://${host.address}:${port}/`.text()).toContain("pod: forms");
  expect((await lab.outside.try`curl -s -m 2 http://${host.address}:8443/`).exitCode).not.toBe(0);
  expect(await host.sh`curl -s http://127.0.0.1:8443/`.text()).toContain("pod: forms");
  const whole = await host.run("whole", { image: "base", network: "host" });
  expect((await whole.snapshot()).netns).toBe((await host.snapshot()).netns);
  await Promise.all([forms.remove(), whole.remove()]);
}, 60_000);

test("the diff of docker run -p has one veth, three rules and one listener", async () => {
  const [host] = hosts;
  const diff = await lab.diff(() => host.docker("run", "-d", "--name", "more", "-p", "9090:80", "web"));
  const there = diff.changes.filter(({ place }) => place === "host1");
  expect(there.map(({ subject, change, chain }) => [subject, change, chain])).toEqual([
    ["link", "added", undefined],
    ["rule", "added", "DOCKER"],
    ["rule", "added", "POSTROUTING"],
    ["rule", "added", "DOCKER"],
    ["listener", "added", undefined],
  ]);
  expect(diff.toString()).toContain("docker run -d --name more -p 9090:80 web");
}, 60_000);

test("a pod on a Docker host: its apps share the address, and killing pause removes it", async () => {
  const [host] = hosts;
  const pod = await host.pod("duo", { apps: { web: { image: "web" }, side: { image: "base" } } });
  const side = pod.app("side");
  expect(await side.sh`curl -s http://127.0.0.1/`.text()).toContain("pod: duo");
  await pod.app("web").kill();
  expect((await pod.snapshot()).links.map(({ name }) => name)).toContain("eth0");
  await pod.killPause();
  expect((await side.sh`ip -o -4 addr show scope global`).stdout).toBe("");
}, 60_000);

test.each([
  ["a name that is taken", (): Promise<unknown> => hosts[0].run("web", { image: "web" }), "NAME_TAKEN"],
  ["a name with one letter", (): Promise<unknown> => hosts[0].run("n", { image: "base" }), "BAD_NAME"],
  [
    "one of two networks that are created concurrently with one name",
    (): Promise<unknown> => Promise.all([hosts[0].network("once"), hosts[0].network("once")]),
    "NAME_TAKEN",
  ],
  ["a network name that is taken", (): Promise<unknown> => hosts[0].network("once"), "NAME_TAKEN"],
  [
    "an image that does not exist",
    (): Promise<unknown> => hosts[0].run("no", { image: "nope" }),
    "IMAGE_MISSING",
  ],
  [
    "port 0 of a container",
    (): Promise<unknown> => hosts[0].run("no", { image: "web", publish: { 80: 0 } }),
    "BAD_PORT",
  ],
  [
    "port 70000",
    (): Promise<unknown> => hosts[0].run("no", { image: "web", publish: { 70000: 80 } }),
    "BAD_PORT",
  ],
  [
    "a port that is taken",
    (): Promise<unknown> => hosts[0].run("no", { image: "web", publish: { 8080: 80 } }),
    "PORT_IN_USE",
  ],
  [
    "a network that does not exist",
    (): Promise<unknown> => hosts[0].run("no", { image: "web", network: "x" }),
    "NETWORK_GONE",
  ],
  [
    "a command that does not exist",
    (): Promise<unknown> => hosts[0].run("no", { image: "base", command: ["nope"] }),
    "COMMAND_MISSING",
  ],
])(
  "%s is refused, and leaves no container",
  async (_what, action, code) => {
    await expect(action()).rejects.toMatchObject({ name: "LabError", code });
    expect(await hosts[0].docker("ps", "-a", "--format", "{{.Names}}").lines()).not.toContain("no");
  },
  60_000,
);
