import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../../lib/lab/lab";
import { closed } from "./cluster";

jest.setTimeout(90_000);

const folder = mkdtempSync(join(tmpdir(), "wirebook-recording-"));
const file = join(folder, "lab.wirebook");
const before = { ...process.env };

afterEach(() => {
  process.env = { ...before };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs what a notebook might run. Returns the specification of each picture, and all other output that readers see. */
async function lesson(): Promise<{ specs: unknown[]; facts: unknown; lab: Lab }> {
  const lab = await Lab.open("recorded");
  const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  const server = { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 } } as const;
  const [client, web] = await Promise.all([node1.pod("client"), node2.pod("web", server)]);
  const svc = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
  const topology = await lab.topology();
  const path = await lab.trace({ from: client, to: svc, tcp: 80 });
  const diff = await lab.diff(() => node1.sh`ip route add 10.9.9.0/24 via ${node2.address}`);
  const capture = await lab.capture([client, web], "tcp port 8080");
  const page = await client.get(`http://${svc.clusterIP}/`);
  const captured = await capture.stop();
  const failed = await client.sh`ls /nowhere`.then(String, (error: Error) => error.message);
  const taken = await lab.node("node1").then(String, (error: Error) => error.message);
  const failure = await lab.failures.noForwarding(node1);
  await failure.undo();
  const pictures = [topology, path.picture, path.ladder, diff.picture, await svc.picture(), lab.addresses()];
  const after = [path.reply?.picture, path.second?.picture].flatMap((each) => (each ? [each] : []));
  const diagnosis = await lab.diagnose(svc);
  const facts = {
    ...{ agrees: path.agrees, reply: path.reply?.agrees, second: path.second?.agrees },
    ...{ page: page.text, rows: captured.toString(), pcap: [...captured.pcap("web")], failed, taken },
    ...{ shell: failure.shell, exitCode: diff.result.exitCode, diagnosis: diagnosis.toString() },
    ...{
      endpoints: svc.endpoints,
      changes: svc.changes,
      places: [...lab.places.keys()],
      lab: lab instanceof Lab,
    },
  };
  await lab.close();
  return { specs: [...pictures, ...after].map(({ spec }) => spec), facts, lab };
}

test("a recorded lab replays without an engine, with the same pictures and output", async () => {
  process.env["WIREBOOK_RECORD"] = file;
  const real = await lesson();
  await closed(real.lab);
  expect(real.facts).toMatchObject({ agrees: true, lab: true });

  process.env = { ...before, WIREBOOK_REPLAY: file, DOCKER_HOST: "unix:///nowhere.sock" };
  const replayed = await lesson();
  expect(replayed.facts).toEqual(real.facts);
  expect(replayed.specs).toEqual(real.specs);

  // A learner may run all cells again. A call that was not recorded throws.
  expect((await lesson()).specs).toEqual(real.specs);
  const lab = await Lab.open("recorded");
  expect(() => lab.pod("new")).toThrow(/^NOT_RECORDED {2}replay: recorded.pod\("new"\) was not called/);
  expect(readFileSync(file).length).toBeLessThan(40_000);
});
