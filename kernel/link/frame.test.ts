import fc from "fast-check";
import { encodeFrame, FrameReader } from "./frame";

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("any"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).any;

/** Splits bytes at the given positions, as a pipe may. */
function chunked(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i] ?? 0, end));
}

test("encoded values are decoded, whatever the chunk boundaries are", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (values, cuts) => {
      const bytes = Buffer.concat(values.map(encodeFrame));
      const reader = new FrameReader();
      const read = chunked(bytes, cuts).flatMap((chunk) => reader.push(chunk));
      expect(read).toEqual(values);
    }),
  );
});

test("binary values stay binary", () => {
  const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 255]);
  expect(new FrameReader().push(encodeFrame({ "image/png": png }))).toEqual([{ "image/png": png }]);
});

test("bytes that are not a frame throw an error", () => {
  expect(() => new FrameReader().push(Buffer.from("HTTP/1.1 400"))).toThrow(/out of sync/);
});
