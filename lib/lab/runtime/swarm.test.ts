import type { SwarmNode } from "../../engine";
import { checkSwarm, distinctNames, type SwarmMember } from "./swarm";

const member = (name: string, more: Partial<SwarmMember> = {}): SwarmMember => ({
  name,
  kind: "docker",
  id: `id-${name}`,
  version: "20.10.24+dfsg1",
  api: { newest: "1.41", oldest: "1.12" },
  architecture: "x86_64",
  cgroups: { version: "1", driver: "cgroupfs" },
  machine: name,
  swarm: { node: `node-${name}`, manager: name === "one" },
  ...more,
});
const { swarm: _, ...alone } = member("two");
const ready = (...names: readonly string[]): readonly SwarmNode[] =>
  names.map((name) => ({ id: `node-${name}`, state: "ready" }));
const one = member("one");
const two = member("two");

test("engines of one swarm are taken, and a manager makes the network, wherever it stands in the list", async () => {
  const asked: string[] = [];
  const nodesOf = async ({ name }: SwarmMember): Promise<readonly SwarmNode[]> => {
    asked.push(name);
    return ready("one", "two", "three");
  };
  expect((await checkSwarm([two, one], nodesOf)).name).toBe("one");
  expect(asked).toEqual(["one"]);
});

test.each([
  ["the same engine twice", "ENGINE_TWICE", [one, member("uno", { id: "id-one" })], ready("one")],
  ["one that is in no swarm", "NOT_ONE_SWARM", [one, alone], ready("one")],
  ["one of another swarm", "NOT_ONE_SWARM", [one, two], ready("one", "three")],
  ["two workers without their manager", "NOT_ONE_SWARM", [two, member("three")], []],
  [
    "one that the swarm has lost",
    "NOT_READY",
    [one, two],
    [...ready("one"), { id: "node-two", state: "down" }],
  ],
  [
    "one that is too old",
    "NOT_SUPPORTED",
    [one, member("two", { version: "19.03.15" })],
    ready("one", "two"),
  ],
  [
    "one that is too different",
    "NOT_SUPPORTED",
    [one, member("two", { version: "29.0.1", api: { newest: "1.52", oldest: "1.44" } })],
    ready("one", "two"),
  ],
  ["Podman", "NOT_SUPPORTED", [one, member("two", { kind: "podman", version: "5.2.0" })], ready("one")],
] as const)("%s: %s", async (_name, code, members, nodes) => {
  const refusal = checkSwarm<SwarmMember>(members, async () => nodes);
  await expect(refusal).rejects.toMatchObject({ name: "LabError", code });
  await expect(refusal).rejects.toThrow(/two|uno|three/);
});

test("API 1.9 is older than 1.41", async () => {
  const newer = member("two", { api: { newest: "1.52", oldest: "1.9" } });
  expect((await checkSwarm([one, newer], async () => ready("one", "two"))).name).toBe("one");
});

test("engines of one name are told apart by a number", () => {
  expect(distinctNames(["h", "i", "h", "h"])).toEqual(["h", "i", "h#2", "h#3"]);
});
