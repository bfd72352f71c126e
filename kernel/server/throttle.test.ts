import { Throttle } from "./throttle";

const MB = 2 ** 20;

test("the usual output of a cell is not slowed down", () => {
  const throttle = new Throttle(() => 0);
  expect(Array.from({ length: 100 }, () => throttle.take(MB)).every((wait) => wait === 0)).toBe(true);
});

test("endless output is read at 8 MB per second, and the burst is refilled over time", () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  for (let i = 0; i < 128; i++) throttle.take(MB);
  expect(throttle.take(8 * MB)).toBe(1_000);
  now = 1_000;
  expect(throttle.take(4 * MB)).toBe(500);
  now = 60_000;
  expect(throttle.take(100 * MB)).toBe(0);
});
