import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { findEndpoint } from "../../lib/engine/connection/endpoint";
import { dial } from "../../lib/engine/connection/transport";
import { Engine } from "../../lib/engine/engine";
import { imageNames, imageTag, missingImages } from "../../lib/setup";

jest.setTimeout(60_000);

const docker = dial(findEndpoint());
const made: Docker.Container[] = [];
let engine: Engine;

beforeAll(async () => {
  engine = await Engine.connect();
});

afterEach(async () => {
  await Promise.all(made.splice(0).map((container) => container.remove({ force: true, v: true })));
});

async function start(options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
  const container = await docker.createContainer({ Labels: { wirebook: "test" }, ...options });
  made.push(container);
  await container.start();
  return container;
}

async function sh(container: Docker.Container, script: string): Promise<string> {
  return (await engine.exec(container.id, ["sh", "-c", script])).stdout;
}

test("all images of this version are built", async () => {
  expect(await missingImages(docker)).toEqual([]);
});

test.each([
  ["base", 150],
  ["web", 150],
  ["pause", 1],
] as const)("%s takes less than %d MB", async (name, megabytes) => {
  const { Size } = await docker.getImage(imageTag(name)).inspect();
  expect(Size / 1e6).toBeLessThan(megabytes);
});

test("every image has the label that setup looks for", async () => {
  for (const name of imageNames) {
    const { Config } = await docker.getImage(imageTag(name)).inspect();
    expect(Config.Labels).toEqual({ wirebook: "image" });
  }
});

test("base has the network tools, and they start without capabilities", async () => {
  const box = await start({ Image: imageTag("base"), HostConfig: { CapDrop: ["ALL"], NetworkMode: "none" } });
  const tools =
    "ip ss iptables ip6tables iptables-save iptables-restore iptables-legacy xtables-monitor nft conntrack";
  const more = "tcpdump curl ping nc socat dig ps";
  expect(
    await sh(box, `for tool in ${tools} ${more}; do command -v $tool >/dev/null || echo $tool; done`),
  ).toBe("");
  expect(await sh(box, "ping -c 1 127.0.0.1")).toContain("1 received");
});

test("web replies on ports 80 and 8080 with the connection and request it received, as an unprivileged user", async () => {
  const web = await start({
    Image: imageTag("web"),
    Hostname: "box",
    Env: ["POD_NAME=web0"],
    HostConfig: { CapDrop: ["ALL"], Memory: 64 * 1024 * 1024, PidsLimit: 32 },
  });
  expect(await sh(web, "id -un")).toBe("www-data\n");
  for (const port of [80, 8080]) {
    const url = `http://127.0.0.1:${port}/a?b=c`;
    const page = await sh(
      web,
      `until curl -sf --local-port ${40_000 + port} -H 'X-Trace: 7' '${url}'; do sleep 0.05; done`,
    );
    expect(page.replaceAll("\r", "").split("\n").slice(0, 7)).toEqual([
      "pod: web0",
      "host: box",
      `server: 127.0.0.1:${port}`,
      `client: 127.0.0.1:${40_000 + port}`,
      "",
      "GET /a?b=c HTTP/1.1",
      expect.stringMatching(/^Host: 127\.0\.0\.1/),
    ]);
    expect(page).toContain("X-Trace: 7");
  }
});

test("pause reaps the orphans of apps in its PID namespace, and exits immediately on SIGTERM", async () => {
  const pod = await start({
    Image: imageTag("pause"),
    HostConfig: { CapDrop: ["ALL"], NetworkMode: "none" },
  });
  const app = await start({
    Image: imageTag("base"),
    HostConfig: { CapDrop: ["ALL"], NetworkMode: `container:${pod.id}`, PidMode: `container:${pod.id}` },
  });
  // The inner shell exits before its child, so the kernel makes the orphan a child of pause.
  const orphan = await sh(app, "sh -c 'sleep 0.1 & echo $!'");
  const state = `cut -d ' ' -f 3,4 /proc/${orphan.trim()}/stat 2>/dev/null || echo gone`;
  for (let said = ""; said !== "gone\n"; said = await sh(app, state)) await pause(20);
  await pod.stop();
  expect((await pod.inspect()).State.ExitCode).toBe(128 + 15);
});
