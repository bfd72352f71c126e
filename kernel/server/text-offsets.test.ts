import fc from "fast-check";
import { toCodePointOffset, toUtf16Offset } from "./text-offsets";

test("code points to UTF-16 units and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, place) => {
      const points = place % ([...text].length + 1);
      expect(toCodePointOffset(text, toUtf16Offset(text, points))).toBe(points);
    }),
  );
  expect(toUtf16Offset("a😀b", 2)).toBe(3);
  expect(toUtf16Offset("ab", 9)).toBe(2);
});
