import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { home } from "../../kernel/setup/home";

jest.setTimeout(120_000);

interface Started {
  readonly child: ChildProcess;
  /** All output so far. */
  text(): string;
  readonly ended: Promise<number | null>;
}

const running: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGTERM");
  for (const server of servers.splice(0)) server.close();
});

function start(args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [join(home, "setup.mjs"), "start", "--no-browser", ...args], {
    env: { ...process.env, ...env },
  });
  running.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return { child, text: () => said, ended: new Promise((resolve) => child.once("close", resolve)) };
}

/** Waits until the output matches `pattern`. Rejects if the process exits first. */
function says({ child, text, ended }: Started, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(text());
      if (match !== null) resolve(match);
    };
    child.stdout?.on("data", look);
    ended.then((code) => reject(new Error(`it ended with ${code} and never said ${pattern}:\n${text()}`)));
  });
}

/** Starts a server on a port that the system chooses, and returns the port. */
async function taken(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("JupyterLab answers on the given port, finds the kernel, and stops on Ctrl-C", async () => {
  const port = await taken();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const lab = start(["--port", String(port)]);
  const [, origin = "", token = ""] = await says(
    lab,
    /running at (http:\/\/127\.0\.0\.1:\d+)\/lab\?token=(\w+)/,
  );
  expect(origin).toBe(`http://127.0.0.1:${port}`);
  const answer = await fetch(`${origin}/api/kernelspecs`, { headers: { Authorization: `token ${token}` } });
  expect(await answer.json()).toMatchObject({
    kernelspecs: { wirebook: { spec: { language: "typescript", interrupt_mode: "message" } } },
  });
  expect((await fetch(`${origin}/api/kernelspecs`)).status).toBe(403);
  lab.child.kill("SIGINT");
  expect(await lab.ended).toBe(0);
  expect(lab.text()).toContain("JupyterLab has stopped.");
  await expect(fetch(origin)).rejects.toThrow();
});

test("reports a port in use and suggests another", async () => {
  const port = await taken();
  const { ended, text } = start(["--port", String(port)]);
  expect(await ended).toBe(1);
  expect(text()).toContain(`PORT_IN_USE  port ${port} on 127.0.0.1 is used by another program`);
  expect(text()).toContain(`npm start -- --port ${port + 1}`);
});

test.each(["0", "65536", "eighty", "-1"])("--port=%s is rejected", async (port) => {
  const { ended, text } = start([`--port=${port}`]);
  expect(await ended).toBe(1);
  expect(text()).toContain("BAD_PORT");
});

test("a configured engine that does not answer is an error, and setup installs nothing", async () => {
  const { ended, text } = start([], { DOCKER_HOST: "unix:///nowhere/docker.sock" });
  expect(await ended).toBe(1);
  expect(text()).toContain("NO_ENGINE");
  expect(text()).toContain("unix:///nowhere/docker.sock (DOCKER_HOST)");
});
