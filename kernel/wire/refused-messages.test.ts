import { RefusedMessages } from "./refused-messages";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("the first refused message is logged at once, and many others in one line", () => {
  const lines: string[] = [];
  const refused = new RefusedMessages((line) => lines.push(line));
  for (let i = 0; i < 1_000; i++) refused.add("shell");
  refused.add("stdin");
  expect(lines).toEqual([expect.stringContaining("refused a message on shell")]);
  jest.advanceTimersByTime(10_000);
  expect(lines.slice(1)).toEqual([
    expect.stringContaining("refused 999 messages on shell"),
    expect.stringContaining("refused a message on stdin"),
  ]);
});
