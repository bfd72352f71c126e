import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { encodeFrame } from "./frame";
import { NONCE_LENGTH, OrderedReader, OrderedWriter, type Stream } from "./output-order";

const nonce = randomBytes(NONCE_LENGTH);

type Act =
  | { readonly kind: "text"; readonly stream: Stream; readonly cell: number; readonly text: string }
  | { readonly kind: "frame"; readonly cell: number; readonly id: number };

const stream = fc.constantFrom<Stream>("stdout", "stderr");
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("text" as const),
    stream,
    cell: fc.integer({ min: 1, max: 3 }),
    text: fc.oneof(fc.string({ minLength: 1 }), fc.constant(nonce.subarray(0, 5).toString("latin1"))),
  }),
  fc.record({ kind: fc.constant("frame" as const), cell: fc.integer({ min: 1, max: 3 }), id: fc.nat() }),
);

/** Joins adjacent text of the same stream and cell: the reader may split or join it. */
function joined(acts: readonly Act[]): Act[] {
  const out: Act[] = [];
  for (const next of acts) {
    const last = out.at(-1);
    if (
      next.kind === "text" &&
      last?.kind === "text" &&
      last.stream === next.stream &&
      last.cell === next.cell
    ) {
      out[out.length - 1] = { ...last, text: last.text + next.text };
    } else out.push(next);
  }
  return out;
}

test("three pipes are merged into the original order, whichever pipe is read first", () => {
  fc.assert(
    fc.property(
      fc.array(act),
      fc.array(fc.record({ pipe: fc.nat(2), bytes: fc.integer({ min: 1, max: 40 }) })),
      (acts, reads) => {
        const written: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
        const writer = new OrderedWriter(nonce, {
          text: (name, bytes) => written[name === "stdout" ? 0 : 1].push(Buffer.from(bytes)),
          frame: (value) => written[2].push(Buffer.from(encodeFrame(value))),
        });
        for (const a of acts) {
          if (a.kind === "text") writer.text(a.stream, a.cell, Buffer.from(a.text, "latin1"));
          else writer.frame(a.cell, { id: a.id });
        }
        const seen: Act[] = [];
        const reader = new OrderedReader(nonce, {
          text: (name, cell, bytes) =>
            seen.push({ kind: "text", stream: name, cell, text: bytes.toString("latin1") }),
          frame: (value) =>
            seen.push({ kind: "frame", cell: Number(value["cell"]), id: Number(value["id"]) }),
        });
        const pipes = written.map((chunks) => Buffer.concat(chunks));
        const feed = (pipe: number, length: number) => {
          const bytes = pipes[pipe] ?? Buffer.alloc(0);
          pipes[pipe] = bytes.subarray(length);
          if (pipe === 2) reader.pushFrames(bytes.subarray(0, length));
          else reader.pushText(pipe === 0 ? "stdout" : "stderr", bytes.subarray(0, length));
        };
        for (const { pipe, bytes } of reads) feed(pipe, bytes);
        for (const pipe of [2, 1, 0]) feed(pipe, pipes[pipe]?.length ?? 0);
        reader.end();
        expect(joined(seen)).toEqual(joined(acts));
      },
    ),
  );
});

test("the text of a child process that has ended comes before the display that follows", () => {
  const seen: string[] = [];
  const reader = new OrderedReader(nonce, {
    text: (_, __, bytes) => seen.push(bytes.toString()),
    frame: () => seen.push("display"),
  });
  const out: Buffer[] = [];
  const frames: Uint8Array[] = [];
  const err: Buffer[] = [];
  const writer = new OrderedWriter(nonce, {
    text: (name, bytes) => (name === "stdout" ? out : err).push(Buffer.from(bytes)),
    frame: (value) => frames.push(encodeFrame(value)),
  });
  writer.assignChildOutput(1);
  out.push(Buffer.from("from the child"));
  writer.frame(1, {});
  for (const frame of frames) reader.pushFrames(frame);
  expect(seen).toEqual([]);
  reader.pushText("stderr", Buffer.concat(err));
  reader.pushText("stdout", Buffer.concat(out));
  expect(seen).toEqual(["from the child", "display"]);
});

type RawAct = Act | { readonly kind: "child"; readonly stream: Stream; readonly text: string };

const rawAct: fc.Arbitrary<RawAct> = fc.oneof(
  act,
  fc.record({ kind: fc.constant("child" as const), stream, text: fc.string({ minLength: 1 }) }),
);

/** The bytes of one stream, and all frames, in order. */
function seenIn(name: Stream, acts: readonly RawAct[]): string[] {
  return acts.flatMap((a) => {
    if (a.kind === "frame") return [`frame ${a.id}`];
    return a.stream === name ? [...Buffer.from(a.text, "latin1")].map(String) : [];
  });
}

test("in each stream, the text of child processes keeps its position among text and frames", () => {
  const reads = fc.array(fc.record({ pipe: fc.nat(2), bytes: fc.integer({ min: 1, max: 60 }) }));
  fc.assert(
    fc.property(
      fc.array(rawAct),
      reads,
      fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
      (acts, cuts, last) => {
        const written: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
        const writer = new OrderedWriter(nonce, {
          text: (name, bytes) => written[name === "stdout" ? 0 : 1].push(Buffer.from(bytes)),
          frame: (value) => written[2].push(Buffer.from(encodeFrame(value))),
        });
        for (const a of acts) {
          if (a.kind === "text") writer.text(a.stream, a.cell, Buffer.from(a.text, "latin1"));
          else if (a.kind === "frame") writer.frame(a.cell, { id: a.id });
          else written[a.stream === "stdout" ? 0 : 1].push(Buffer.from(a.text, "latin1"));
        }
        const seen: RawAct[] = [];
        const reader = new OrderedReader(nonce, {
          text: (name, cell, bytes) =>
            seen.push({ kind: "text", stream: name, cell, text: bytes.toString("latin1") }),
          frame: (value) =>
            seen.push({ kind: "frame", cell: Number(value["cell"]), id: Number(value["id"]) }),
        });
        const pipes = written.map((chunks) => Buffer.concat(chunks));
        for (const { pipe, bytes } of [...cuts, ...last.map((pipe) => ({ pipe, bytes: 1e9 }))]) {
          const chunk = pipes[pipe]?.subarray(0, bytes) ?? Buffer.alloc(0);
          pipes[pipe] = pipes[pipe]?.subarray(bytes) ?? Buffer.alloc(0);
          if (pipe === 2) reader.pushFrames(chunk);
          else reader.pushText(pipe === 0 ? "stdout" : "stderr", chunk);
        }
        reader.end();
        for (const name of ["stdout", "stderr"] as const)
          expect(seenIn(name, seen)).toEqual(seenIn(name, acts));
      },
    ),
  );
});

test("text is not held back by a frame that a killed process could not send", () => {
  const out: Buffer[] = [];
  const writer = new OrderedWriter(nonce, {
    text: (name, bytes) => name === "stdout" && out.push(Buffer.from(bytes)),
    frame: () => {},
  });
  writer.frame(1, {});
  out.push(Buffer.from("last words"));
  let seen = "";
  const reader = new OrderedReader(nonce, {
    text: (_, __, bytes) => (seen += bytes.toString()),
    frame: () => {},
  });
  reader.pushText("stdout", Buffer.concat(out));
  expect(seen).toBe("");
  reader.end();
  expect(seen).toBe("last words");
});
