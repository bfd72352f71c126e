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

test("without a session there is one line that says so", () => {
  expect(listing([])).toBe("No lab is open.");
});

test("clean takes only what nobody watches, unless it is told otherwise", () => {
  expect(choose([watched, left], [], {})).toEqual([left]);
  expect(choose([watched, left], ["11111111"], {})).toEqual([watched]);
  expect(choose([watched, left], [], { all: true })).toEqual([watched, left]);
  expect(() => choose([watched], ["44444444"], {})).toThrow("there is no session of this name");
});
