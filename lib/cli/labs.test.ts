import type { Belongings } from "../lab/runtime/orphans";
import { choose } from "./clean";
import { listing } from "./labs";

const session = (owner: string, state?: string): Belongings => ({
  owner,
  by: "machine/77",
  since: "2026-11-23T16:00:00.000Z",
  labs: ["cluster-ip"],
  containers: ["a", "b"],
  limits: [],
  networks: ["n"],
  volumes: [],
  ...(state === undefined ? {} : { reaper: { id: "r", state } }),
});
const watched = session("11111111", "running");
const left = session("22222222");

test("a session without a running reaper is left behind", () => {
  const lines = listing([watched, left, session("33333333", "exited")]).split("\n");
  expect(lines.map((line) => line.split(/ {2,}/).at(-1))).toEqual([
    "STATE",
    "watched",
    "left behind",
    "left behind",
  ]);
  expect(lines[1]).toContain("cluster-ip  machine/77  2026-11-23 16:00:00  3");
});

test("prints one line if there are no sessions", () => {
  expect(listing([])).toBe("No lab is open.");
});

test("clean removes sessions without a reaper, the named sessions, or all", () => {
  expect(choose([watched, left], [], {})).toEqual([left]);
  expect(choose([watched, left], ["11111111"], {})).toEqual([watched]);
  expect(choose([watched, left], [], { all: true })).toEqual([watched, left]);
  expect(() => choose([watched], ["44444444"], {})).toThrow("there is no session with this name");
});
