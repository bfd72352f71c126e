import { Engine } from "../../lib/engine";
import { parsePcap } from "../../lib/inspect/read/pcap";
import { Lab } from "../../lib/lab/lab";
import { leftovers } from "./leftovers";

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open("capture-test");
}, 30_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 30_000);

test("one row holds all sightings of a packet, before and after source NAT", async () => {
  const host = await lab.dockerHost("host1");
  const client = await host.run("client", { image: "base" });
  const capture = await lab.capture([client, host, lab.outside], "tcp port 80");
  await client.sh`curl -s http://${lab.outside.address}/`;
  const captured = await capture.stop();

  const syn = captured.rows.find(({ sightings }) => sightings[0]?.flags === "S");
  const seen = syn?.sightings.map(
    ({ place, link, src, outgoing }) => `${place} ${link} ${outgoing ? "out" : "in"} ${src}`,
  );
  expect(seen).toContain(`host1/client eth0 out ${client.address}`);
  expect(seen).toContain(`host1 docker0 in ${client.address}`);
  expect(seen).toContain(`host1 eth0 out ${host.address}`);
  expect(seen).toContain(`outside eth0 in ${host.address}`);
  expect(captured.toString()).toContain("tcp [S.]");

  const file = Buffer.from(captured.pcap("outside"));
  expect(parsePcap(file).every(({ dport, sport }) => dport === 80 || sport === 80)).toBe(true);
  expect(() => captured.pcap("nowhere")).toThrow("UNKNOWN_PLACE");
}, 30_000);

test("captures every packet between start and stop, and no traffic of Wirebook itself", async () => {
  const pod = await lab.pod("pinger");
  const capture = await lab.capture([lab.outside], "icmp");
  await pod.sh`ping -c5 -i0.01 ${lab.outside.address}`;
  const { rows } = await capture.stop();
  const requests = rows.flatMap(({ sightings }) => sightings).filter(({ src }) => src === pod.address);
  expect(requests).toHaveLength(5);
  expect(rows.flatMap(({ sightings }) => sightings).every(({ protocol }) => protocol === "icmp")).toBe(true);
}, 30_000);

test("a filter that tcpdump can't parse fails with COMMAND_FAILED", async () => {
  await expect(lab.capture([lab.outside], "tcp porrt 80")).rejects.toMatchObject({ code: "COMMAND_FAILED" });
}, 30_000);
