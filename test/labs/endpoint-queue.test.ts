import { randomBytes } from "node:crypto";
import { Engine, label } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { EndpointQueue } from "../../lib/lab/runtime/endpoint-queue";
import { imageTag } from "../../lib/setup/images";
import { departures } from "./departures";
import { leftovers } from "./leftovers";

test("containers join and leave a network one at a time but start in parallel, and the network can be removed after the last", async () => {
  const engine = await Engine.connect();
  const owner = randomBytes(4).toString("hex");
  const labels = { [label.wirebook]: "session", [label.owner]: owner };
  const network = await engine.networks.create({ name: `wirebook-${owner}-endpoint queue`, labels });
  const queue = new EndpointQueue(engine, network.id);
  const starting = new Set<string>();
  let most = 0;
  const started = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const name = `wirebook-${owner}-${index}`;
      const spec = { name, image: imageTag("pause"), network: network.name, capabilities: [], labels };
      const { id } = await engine.containers.run(spec, (id, start) =>
        queue.attach(id, async () => {
          starting.add(id);
          most = Math.max(most, starting.size);
          // Listing networks makes the engine reload its endpoint counts, which is how it loses count.
          await Promise.all([start(), engine.networks.list()]);
          starting.delete(id);
        }),
      );
      return id;
    }),
  );
  expect(most).toBeGreaterThan(1);
  const { left, killedBefore } = await departures(engine, network.id, async () => {
    await Promise.all(
      started.map(async (id) => {
        await queue.detach(id);
        await engine.containers.remove(id);
      }),
    );
    await engine.networks.remove(network.id);
  });
  expect([left.length, killedBefore]).toEqual([started.length, []]);
  await queue.close();
  expect(await leftovers(engine, owner)).toEqual([]);
}, 120_000);

test("closing a lab disconnects its containers from the network before they end", async () => {
  const engine = await Engine.connect();
  const lab = await Lab.open("leaving", { engine });
  await Promise.all(Array.from({ length: 3 }, (_, index) => lab.pod(`pod${index}`)));
  const { id } = await engine.networks.inspect(lab.context.network);
  const { left, killedBefore } = await departures(engine, id, () => lab.close());
  expect([left.length, killedBefore]).toEqual([4, []]);
}, 60_000);

test("a container that cannot be started does not block the next one", async () => {
  const engine = await Engine.connect();
  const owner = randomBytes(4).toString("hex");
  const labels = { [label.wirebook]: "session", [label.owner]: owner };
  const network = await engine.networks.create({ name: `wirebook-${owner}-endpoint queue`, labels });
  const queue = new EndpointQueue(engine, network.id);
  const pass = (id: string, start: () => Promise<void>): Promise<void> => queue.attach(id, start);
  const spec = { name: `wirebook-${owner}-a`, image: imageTag("pause"), network: network.name, labels };
  const [bad, good] = await Promise.allSettled([
    engine.containers.run({ ...spec, command: ["no-such-program"], entrypoint: [] }, pass),
    engine.containers.run({ ...spec, name: `wirebook-${owner}-b` }, pass),
  ]);
  expect(bad).toMatchObject({ status: "rejected", reason: { code: "COMMAND_MISSING" } });
  expect(good).toMatchObject({ status: "fulfilled", value: { state: "running" } });
  await queue.close();
  for (const { id } of await engine.containers.list({ [label.owner]: owner }))
    await engine.containers.remove(id);
  await engine.networks.remove(network.id);
  expect(await leftovers(engine, owner)).toEqual([]);
}, 60_000);
