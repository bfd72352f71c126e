import { Progress } from "./progress";

const record = (): { lines: string[]; progress: Progress } => {
  const lines: string[] = [];
  const progress = new Progress(() => ({
    line: (text) => lines.push(`… ${text}`),
    end: (text) => lines.push(`✓ ${text}`),
  }));
  return { lines, progress };
};

beforeEach(() => jest.useFakeTimers({ doNotFake: ["performance"] }));
afterEach(() => jest.useRealTimers());

test("an operation that takes less than a second shows no line", async () => {
  const { lines, progress } = record();
  await progress.run("pod web", async () => undefined);
  jest.advanceTimersByTime(5_000);
  expect(lines).toEqual([]);
});

test("operations that take longer show a progress line, and a summary at the end", async () => {
  const { lines, progress } = record();
  let finish = (): void => undefined;
  const all = [
    progress.run(
      "pod web0",
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    ),
    progress.run("pod web1", async () => undefined),
  ];
  await all[1];
  jest.advanceTimersByTime(1_000);
  expect(lines).toEqual([expect.stringMatching(/^… █░ 1 of 2 {2}pod web0 \(/)]);
  finish();
  await all[0];
  expect(lines.at(-1)).toMatch(/^✓ 2 operations: ready in [\d.]+ s$/);
  jest.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(2);
});

test("the line also ends when the operation fails", async () => {
  const { lines, progress } = record();
  let fail = (): void => undefined;
  const one = progress.run(
    "Docker host host1",
    () =>
      new Promise<void>((_resolve, reject) => {
        fail = () => reject(new Error("no"));
      }),
  );
  jest.advanceTimersByTime(1_000);
  fail();
  await expect(one).rejects.toThrow("no");
  jest.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(2);
});
