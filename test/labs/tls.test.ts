import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { closed } from "./cluster";
import { leftovers } from "./leftovers";
import { startTlsEngine, type TlsEngine } from "./tls-engine";

jest.setTimeout(120_000);

let machine: Lab;
let engine: TlsEngine;

beforeAll(async () => {
  machine = await Lab.open("machine");
  engine = await startTlsEngine(machine);
});

afterAll(async () => {
  await engine.forget();
  await closed(machine);
});

afterEach(() => {
  delete process.env["DOCKER_TLS_VERIFY"];
  delete process.env["DOCKER_CERT_PATH"];
});

function trust(folder: string): void {
  process.env["DOCKER_TLS_VERIFY"] = "1";
  process.env["DOCKER_CERT_PATH"] = folder;
}

test("a lab runs on an engine over TLS, with the certificates from DOCKER_CERT_PATH", async () => {
  trust(engine.known);
  const lab = await Lab.open("secure", { engines: [engine.url] });
  expect(lab.engine.name).toBe(engine.url);
  const pod = await lab.pod("pod");
  expect((await pod.get(`http://${lab.outside.address}/`)).status).toBe(200);
  expect((await pod.exec(["cat"], { stdin: "through a stream" })).stdout).toBe("through a stream");
  await lab.close();
  expect(await leftovers(lab.engine, lab.context.session.owner)).toEqual([]);
});

test("without a client certificate, or with one of an untrusted CA, connecting fails with NO_ENGINE", async () => {
  await expect(Engine.connect({ host: engine.url })).rejects.toMatchObject({
    code: "NO_ENGINE",
    where: expect.stringContaining(engine.url),
    advice: expect.stringContaining("DOCKER_TLS_VERIFY=1"),
  });
  trust(engine.stranger);
  await expect(Engine.connect({ host: engine.url })).rejects.toMatchObject({
    code: "NO_ENGINE",
    advice: expect.stringContaining(`docker -H ${engine.url} version`),
  });
  trust("/nowhere");
  await expect(Engine.connect({ host: engine.url })).rejects.toMatchObject({
    code: "NO_ENGINE",
    where: "/nowhere",
  });
});
