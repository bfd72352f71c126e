import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { take } from "../../lib/cli/snapshot";
import { Engine, label } from "../../lib/engine";
import type { Snapshot } from "../../lib/inspect/snapshot";
import { gone, leftovers } from "./leftovers";

class Neighbour {
  readonly #child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [join(__dirname, "neighbour.cjs")],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  readonly #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  async hear(): Promise<Readonly<Record<string, unknown>>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("a neighbour ended too early");
    const said: unknown = JSON.parse(value);
    return { ...(typeof said === "object" ? said : {}) };
  }

  async answers(): Promise<boolean> {
    this.#child.stdin.write("?\n");
    return (await this.hear())["answered"] === true;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  async close(): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    expect((await exit)[0]).toBe(0);
  }
}

let ended = (): Promise<unknown> => Promise.resolve();
afterEach(() => ended());

/** The iptables rules, links and routes of a snapshot that name one of the given bridges. */
function mentions(look: Snapshot, bridges: readonly string[]): readonly string[] {
  const lines = [
    ...(look.iptables ?? []).flatMap(({ text }) => text.split("\n")),
    ...look.links.map(({ name }) => name),
    ...look.routes.map(({ destination, dev }) => `${destination} dev ${dev}`),
  ];
  return lines.filter((line) => bridges.some((bridge) => line.includes(bridge)));
}

/** The engine's bridge for each network of these owners. Docker names a bridge after the network's id. */
async function bridgesOf(engine: Engine, owners: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(owners.map((owner) => engine.networks.list({ [label.owner]: owner })));
  return lists.flat().map(({ id }) => `br-${id.slice(0, 12)}`);
}

test("20 concurrent labs with one name: after half are killed the others still work, and all of them leave nothing behind", async () => {
  const engine = await Engine.connect();
  const neighbours = Array.from({ length: 20 }, () => new Neighbour());
  // Kills every process of this test, also if an assertion below fails.
  ended = () => Promise.all(neighbours.map((each) => each.kill()));
  const made = await Promise.all(neighbours.map((each) => each.hear()));
  expect(new Set(made.map(({ subnet }) => subnet)).size).toBe(20);
  expect(new Set(made.map(({ port }) => port)).size).toBe(20);
  const bridges = await bridgesOf(
    engine,
    made.map(({ owner }) => String(owner)),
  );
  expect(bridges).toHaveLength(20);
  expect(mentions(await take(engine), bridges)).not.toEqual([]);

  const dead = neighbours.slice(0, 10);
  const alive = neighbours.slice(10);
  await Promise.all(dead.map((each) => each.kill()));
  expect(await Promise.all(alive.map((each) => each.answers()))).toEqual(alive.map(() => true));
  // Docker needs some time to remove forty containers.
  await Promise.all(made.slice(0, 10).map(({ owner }) => gone(engine, String(owner))));
  expect(await Promise.all(alive.map((each) => each.answers()))).toEqual(alive.map(() => true));

  await Promise.all(alive.map((each) => each.close()));
  for (const { owner } of made) expect(await leftovers(engine, String(owner))).toEqual([]);
  expect(mentions(await take(engine), bridges)).toEqual([]);
}, 300_000);
