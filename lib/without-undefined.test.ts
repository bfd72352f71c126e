import { withoutUndefined } from "./without-undefined";

test("keeps every value but undefined", () => {
  const properties = withoutUndefined({ a: undefined, b: 0, c: "", d: false, e: null });
  expect(Object.entries(properties)).toEqual([
    ["b", 0],
    ["c", ""],
    ["d", false],
    ["e", null],
  ]);
});
