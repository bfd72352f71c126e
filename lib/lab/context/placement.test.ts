import { Placement } from "./placement";

const names = ["a", "b", "c"];

test.each([
  ["without a word they go round", [undefined, undefined, undefined, undefined], [0, 1, 2, 0]],
  [
    "what was told counts: the next one goes where there are fewest",
    ["a", undefined, undefined, undefined],
    [0, 1, 2, 0],
  ],
  ["all may be told to be on one", ["b", "b", undefined], [1, 1, 0]],
  ["an engine may be told by its place in the list", [2, undefined], [2, 0]],
] as const)("%s", (_, wanted, chosen) => {
  const placement = new Placement(names);
  expect(wanted.map((each) => placement.choose("node", "n", each))).toEqual(chosen);
});

test("kinds are spread apart from each other: the first Docker host is on the first engine", () => {
  const placement = new Placement(names);
  placement.choose("node", "n");
  expect(placement.choose("docker-host", "h")).toBe(0);
});

test.each(["d", -1, 3])(
  "an engine that the lab does not have is refused, with those it has: %s",
  (wanted) => {
    expect(() => new Placement(names).choose("node", "n9", wanted)).toThrow(
      /^UNKNOWN_ENGINE {2}n9: [\s\S]*It has: a, b, c\./,
    );
  },
);
