import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LabError } from "../../engine";
import { CommandResult } from "../place/command";
import { loadJournal, readJournal, saveJournal, writeJournal } from "./file";
import type { Journal } from "./journal";
import { recordingBeside } from "./open-lab";
import { Packer } from "./pack";
import { RecordedClasses } from "./recorded-classes";
import { Recorder } from "./recorder";
import { Replay } from "./replay";

const journal: Journal = {
  recorded: "2026-11-28T00:00:00.000Z",
  engine: "docker 20.10",
  values: [],
  openings: [],
};

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof LabError ? `${error.code} ${error.found}` : String(error);
  }
  return "no error";
}

describe("a recording file", () => {
  const whole = writeJournal(journal);
  const changed = Buffer.from(whole);
  changed[whole.length - 1] = (changed[whole.length - 1] ?? 0) ^ 1;
  const newer = Buffer.from(whole);
  newer[19] = 2;

  it("is decoded to the same journal", () => expect(readJournal(whole, "x")).toEqual(journal));

  it.each([
    ["an empty file", Buffer.alloc(0), "RECORDING_UNREADABLE the file is empty"],
    ["another kind of file", Buffer.from("PK hello"), "RECORDING_UNREADABLE this is not a recording"],
    [
      "a file truncated in its header",
      whole.subarray(0, 30),
      "RECORDING_UNREADABLE the file is truncated after 30 bytes",
    ],
    [
      "a file truncated in its body",
      whole.subarray(0, -7),
      "RECORDING_UNREADABLE the file is truncated: 7 of",
    ],
    ["a modified file", changed, "RECORDING_UNREADABLE the file was modified"],
    [
      "a file with additional bytes",
      Buffer.concat([whole, changed]),
      "RECORDING_UNREADABLE the file was modified",
    ],
    [
      "a file of a later version",
      newer,
      "RECORDING_TOO_NEW the file has format version 2, but this version of Wirebook supports at most 1",
    ],
  ])("%s throws", (_, bytes, found) => expect(codeOf(() => readJournal(bytes, "x"))).toContain(found));

  it("throws if it is truncated anywhere", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) =>
        /^RECORDING_UNREADABLE/.test(codeOf(() => readJournal(whole.subarray(0, length), "x"))),
      ),
    );
  });

  it("is written atomically, and an error contains the reason", () => {
    const folder = mkdtempSync(join(tmpdir(), "wirebook-recording-"));
    try {
      const path = join(folder, "a.wirebook");
      saveJournal(journal, path);
      expect(loadJournal(path)).toEqual(journal);
      expect(codeOf(() => saveJournal(journal, join(folder, "none", "a")))).toContain(
        "cannot be written (ENOENT",
      );
      expect(codeOf(() => loadJournal(join(folder, "none")))).toContain("cannot be read (ENOENT");
      writeFileSync(path, "x");
      saveJournal(journal, path);
      expect(readdirSync(folder)).toEqual(["a.wirebook"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is in the folder recordings next to its notebook", () => {
    expect(recordingBeside("/books/01-a.ipynb")).toBe("/books/recordings/01-a.wirebook");
    expect(recordingBeside("console")).toBeUndefined();
  });
});

describe("packing", () => {
  const packer = new Packer({ idOf: () => undefined, objectOf: () => ({}) });
  const round = (value: unknown): unknown => packer.unpack(packer.pack(value));

  it("restores every plain value", () => {
    const plain = fc
      .anything({ withMap: true, withSet: true, withDate: true, withBigInt: true })
      .map(defined);
    fc.assert(fc.property(plain, (value) => expect(round(value)).toEqual(value)));
  });

  it("restores errors with code and cause, and results of commands", () => {
    const result = new CommandResult({ stdout: "a", stderr: "b", exitCode: 3, milliseconds: 1 }, true, "ls");
    const parts = { where: "pod", found: "it went", advice: "wait", cause: result };
    const error = round(new LabError("COMMAND_FAILED", parts));
    expect(error).toBeInstanceOf(LabError);
    expect(error).toMatchObject({
      code: "COMMAND_FAILED",
      where: "pod",
      cause: { exitCode: 3, shown: true },
    });
    expect(round(new RangeError("far"))).toMatchObject({ name: "RangeError", message: "far" });
  });

  it("gives equal bytes for equal objects, in any order of keys", () => {
    expect(packer.pack({ a: 1, b: [2] })).toEqual(packer.pack({ b: [2], a: 1 }));
  });

  it("omits the label with the machine's host name", () => {
    expect(round({ "wirebook.by": "somebody/7", "wirebook.lab": "a" })).toEqual({ "wirebook.lab": "a" });
  });
});

/** Replaces undefined keys, invalid dates and -0, which results of a lab never contain. */
function defined(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(defined);
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [defined(key), defined(held)]));
  if (value instanceof Set) return new Set([...value].map(defined));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? new Date(0) : value;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, each]) => each !== undefined && key !== "__proto__");
  return Object.fromEntries(entries.map(([key, each]) => [key, defined(each)]));
}

/** A root object whose methods return another result each time, like those of a lab. */
function counter() {
  let count = 0;
  return {
    engine: { kind: "docker", version: "1" },
    next: () => ++count,
    later: async (by: number) => {
      count += by;
      return { count };
    },
    fails: async () => {
      throw new LabError("NOT_READY", { where: "counter", found: "it is not", advice: "wait" });
    },
    around: async (action: (at: number) => Promise<unknown>) => [count, await action(count)],
    part: () => ({ name: "part", twice: () => count * 2 }),
  };
}
type Counter = ReturnType<typeof counter>;

const noClasses = new RecordedClasses({});

async function recorded(use: (root: Counter) => Promise<unknown>, times = 1): Promise<Journal> {
  const recorder = new Recorder(noClasses);
  for (let time = 0; time < times; time++) await use(await recorder.open(["lab", {}], async () => counter()));
  return readJournal(writeJournal(recorder.journal), "test");
}

function replayOf(journal: Journal): Replay {
  return new Replay(journal, noClasses);
}

function opened(replay: Replay): Counter {
  return replay.open(["lab", {}]) as Counter;
}

describe("a replay", () => {
  it("returns the results in order, and then the last one again", async () => {
    const replay = replayOf(await recorded(async (root) => [root.next(), root.next(), await root.later(5)]));
    const root = opened(replay);
    expect([root.next(), await root.later(5), root.next(), root.next()]).toEqual([1, { count: 7 }, 2, 2]);
  });

  it("doesn't depend on the order of parallel calls", async () => {
    const all = (root: Counter) => Promise.all([root.later(1), root.later(10), root.later(100)]);
    const root = opened(replayOf(await recorded(all)));
    const [c, b, a] = await Promise.all([root.later(100), root.later(10), root.later(1)]);
    expect([a, b, c]).toEqual([{ count: 1 }, { count: 11 }, { count: 111 }]);
  });

  it("calls functions that are passed as arguments with the recorded arguments", async () => {
    const use = (root: Counter) => root.around(async (at) => root.later(at + 1));
    const root = opened(replayOf(await recorded(async (real) => [real.next(), await use(real)])));
    const seen: number[] = [];
    const result = await root.around(async (at) => {
      seen.push(at);
      return root.later(at + 1);
    });
    expect([seen, result]).toEqual([[1], [1, { count: 3 }]]);
  });

  it("throws recorded errors, and returns recorded objects", async () => {
    const use = async (root: Counter) => [await root.fails().catch(String), root.next(), root.part().twice()];
    const root = opened(replayOf(await recorded(use)));
    await expect(root.fails()).rejects.toMatchObject({ code: "NOT_READY", where: "counter" });
    expect([root.part().name, root.part().twice()]).toEqual(["part", 2]);
  });

  it("replays each opening in order, and then the last one again", async () => {
    let first = 0;
    const replay = replayOf(await recorded(async (root) => (first++ === 0 ? root.next() : root.later(3)), 2));
    expect(opened(replay).next()).toBe(1);
    expect(await opened(replay).later(3)).toEqual({ count: 3 });
    expect(await opened(replay).later(3)).toEqual({ count: 3 });
  });

  it("the error for a call that was not recorded contains the call", async () => {
    const replay = replayOf(await recorded(async (root) => root.next()));
    expect(codeOf(() => opened(replay).later(1))).toContain("NOT_RECORDED Object.later(1) was not called");
    expect(codeOf(() => replay.open(["other", {}]))).toContain('NOT_RECORDED Lab.open("other"');
  });
});
