import fc from "fast-check";
import type { Stream } from "../link/output-order";
import { StreamBuffer } from "./stream-buffer";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

interface Piece {
  readonly cell: number;
  readonly stream: Stream;
  readonly text: string;
}

function collect(): { streams: StreamBuffer; published: Piece[] } {
  const published: Piece[] = [];
  return {
    published,
    streams: new StreamBuffer((cell, stream, text) => published.push({ cell, stream, text })),
  };
}

test("small pieces become one message after 50 ms", () => {
  const { streams, published } = collect();
  for (let i = 0; i < 1000; i++) streams.push("stdout", 1, Buffer.from("x"));
  jest.advanceTimersByTime(49);
  expect(published).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(published).toEqual([{ cell: 1, stream: "stdout", text: "x".repeat(1000) }]);
});

test("long text is published at once", () => {
  const { streams, published } = collect();
  streams.push("stdout", 1, Buffer.alloc(300 * 1024, "x"));
  expect(published).toHaveLength(1);
});

const pieces = fc.array(
  fc.record({
    cell: fc.integer({ min: 1, max: 2 }),
    stream: fc.constantFrom<Stream>("stdout", "stderr"),
    text: fc.string({ minLength: 1 }),
  }),
);

test("nothing is lost, reordered or shown under another cell or stream", () => {
  fc.assert(
    fc.property(pieces, (written) => {
      const { streams, published } = collect();
      for (const { stream, cell, text } of written) streams.push(stream, cell, Buffer.from(text));
      streams.flush();
      const letters = (list: readonly Piece[]) =>
        list.flatMap(({ cell, stream, text }) => [...text].map((letter) => `${cell}${stream}${letter}`));
      expect(letters(published)).toEqual(letters(written));
      expect(published.length).toBeLessThanOrEqual(written.length);
    }),
  );
});

test("a character that arrives in two chunks stays whole", () => {
  const { streams, published } = collect();
  const [first = 0, ...rest] = Buffer.from("é");
  streams.push("stdout", 1, Buffer.from([first]));
  streams.push("stdout", 1, Buffer.from(rest));
  streams.flush();
  expect(published.map(({ text }) => text)).toEqual(["é"]);
});
