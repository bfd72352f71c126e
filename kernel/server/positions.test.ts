import fc from "fast-check";
import { toPoints, toUnits } from "./positions";

test("code points to UTF-16 units and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, place) => {
      const points = place % ([...text].length + 1);
      expect(toPoints(text, toUnits(text, points))).toBe(points);
    }),
  );
  expect(toUnits("a😀b", 2)).toBe(3);
  expect(toUnits("ab", 9)).toBe(2);
});
