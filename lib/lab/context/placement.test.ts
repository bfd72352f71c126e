import { Placement } from "./placement";

const names = ["a", "b", "c"];

test.each([
  [
    "without a requested engine, places are spread over all engines",
    [undefined, undefined, undefined, undefined],
    [0, 1, 2, 0],
  ],
  [
    "requested engines count when the next place is spread",
    ["a", undefined, undefined, undefined],
    [0, 1, 2, 0],
  ],
  ["several places can request the same engine", ["b", "b", undefined], [1, 1, 0]],
  ["an engine can be requested by its index", [2, undefined], [2, 0]],
] as const)("%s", (_, wanted, chosen) => {
  const placement = new Placement(names);
  expect(wanted.map((each) => placement.choose("node", "n", each))).toEqual(chosen);
});

test("each kind is spread separately: the first Docker host is on the first engine", () => {
  const placement = new Placement(names);
  placement.choose("node", "n");
  expect(placement.choose("docker-host", "h")).toBe(0);
});

test.each(["d", -1, 3])(
  "the engine %s, which the lab does not have, is refused with the list of its engines",
  (wanted) => {
    expect(() => new Placement(names).choose("node", "n9", wanted)).toThrow(
      /^UNKNOWN_ENGINE {2}n9: [\s\S]*It has: a, b, c\./,
    );
  },
);
