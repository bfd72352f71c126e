// A process that opens labs on engines that can't be reached. It prints the result of each attempt as one line of JSON.
// An unhandled rejection would end it earlier.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const net = require("node:net");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { setTimeout: pause } = require("node:timers/promises");
const { Engine, Lab } = require("wirebook");

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "wirebook-unreachable-"));
  const at = (name) => join(folder, name);
  writeFileSync(at("file"), "");
  const http = (answer) => createServer((_, response) => answer(response));
  const servers = [
    await listen(
      net.createServer((socket) => socket.destroy()),
      at("hangs-up"),
    ),
    await listen(
      net.createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")),
      at("no-http"),
    ),
    await listen(
      http((response) => response.writeHead(404).end("nothing here")),
      at("not-found"),
    ),
    await listen(
      http((response) => response.end("hello")),
      at("text"),
    ),
    await listen(
      http((response) => response.end("{}")),
      at("json"),
    ),
    await listen(
      http((response) => response.writeHead(200, { "Content-Length": 9 }).end("{").destroy()),
      at("half"),
    ),
    await listen(
      net.createServer(() => undefined),
      at("silent"),
    ),
  ];
  const sockets = ["no-such", "file", "", "hangs-up", "no-http", "not-found", "text", "json", "half"];
  const addresses = [
    ...sockets.map((name) => `unix://${at(name)}`),
    "unix://…",
    "tcp://127.0.0.1:1",
    "http://127.0.0.1:1",
    "https://127.0.0.1:1",
    "127.0.0.1:1",
    "ssh://127.0.0.1:1",
    "nonsense://there",
    "tcp://",
    "no-such-context",
  ];
  const codes = {};
  const tell = async (what, attempt) => {
    codes[what.replaceAll(folder, "DIR")] = await code(attempt);
  };
  for (const address of addresses) {
    await tell(`engine ${address}`, () => Lab.open("unreachable", { engine: address }));
    await tell(`engines ${address}`, () => Lab.open("unreachable", { engines: [address, address] }));
    // In DOCKER_HOST a name without a colon is a host name, and this test doesn't use DNS.
    if (!address.includes(":")) continue;
    process.env.DOCKER_HOST = address;
    await tell(`DOCKER_HOST ${address}`, () => Lab.open("unreachable"));
    delete process.env.DOCKER_HOST;
  }
  process.env.DOCKER_CONTEXT = "no-such-context";
  await tell("DOCKER_CONTEXT", () => Lab.open("unreachable"));
  delete process.env.DOCKER_CONTEXT;
  for (const nothing of [42, null, {}, Engine])
    await tell(`engine ${String(nothing).slice(0, 20)}`, () => Lab.open("unreachable", { engine: nothing }));
  await tell("one of two", () => Lab.open("unreachable", { engines: ["default", "tcp://127.0.0.1:1"] }));
  await tell("silent", () => Engine.connect({ host: `unix://${at("silent")}`, timeoutMs: 200 }));
  // A promise that is rejected after its call has settled would end the process now.
  await pause(100);
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
  process.stdout.write(`${JSON.stringify(codes)}\n`);
}

function listen(server, path) {
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

function code(attempt) {
  return attempt().then(
    () => "opened",
    (error) => error.code ?? String(error),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
