import fc from "fast-check";
import { addressAt, chunksOf, contains, overlaps, parseCidr } from "./cidr";

const range = fc.tuple(fc.ipV4(), fc.integer({ min: 8, max: 30 })).map(([address, prefix]) => {
  const mask = 2 ** (32 - prefix);
  const number = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = Math.floor(number / mask) * mask;
  return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/${prefix}`;
});

test("a range has a first address and a size", () => {
  expect(parseCidr("10.244.1.0/24", "node1")).toEqual({
    text: "10.244.1.0/24",
    first: 0x0af40100,
    prefixLength: 24,
    size: 256,
  });
});

test.each(["10.244.1.0", "10.244.1/24", "10.244.1.0/33", "256.0.0.0/8", "fd00::/64", "", "0x0a.0.0.0/8"])(
  "%p is not a valid range",
  (text) => expect(() => parseCidr(text, "node1")).toThrow(/^BAD_ADDRESS {2}node1: .* is not a range/),
);

test("the error for an address inside a range contains the range", () => {
  expect(() => parseCidr("10.244.1.7/24", "node1")).toThrow("10.244.1.0/24");
});

test("law: two ranges overlap exactly when one contains the other", () => {
  fc.assert(
    fc.property(range, range, (left, right) => {
      const a = parseCidr(left, "a");
      const b = parseCidr(right, "b");
      expect(overlaps(a, b)).toBe(contains(a, b) || contains(b, a));
      expect(overlaps(a, b)).toBe(overlaps(b, a));
    }),
  );
});

test("law: the chunks of a range fill it without overlapping", () => {
  fc.assert(
    fc.property(range, fc.integer({ min: 0, max: 6 }), (text, more) => {
      const whole = parseCidr(text, "range");
      const chunks = [...chunksOf(whole, Math.min(32, whole.prefixLength + more))];
      expect(chunks.reduce((sum, chunk) => sum + chunk.size, 0)).toBe(whole.size);
      chunks.forEach((chunk, index) => {
        expect(parseCidr(chunk.text, "chunk")).toEqual(chunk);
        expect(chunk.first).toBe(whole.first + index * chunk.size);
        expect(contains(whole, addressAt(chunk, 0))).toBe(true);
      });
    }),
  );
});
