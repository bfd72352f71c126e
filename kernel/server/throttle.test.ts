import { Throttle } from "./throttle";

const MB = 2 ** 20;

test("what a cell normally prints passes at once", () => {
  const throttle = new Throttle(() => 0);
  expect(Array.from({ length: 100 }, () => throttle.take(MB)).every((wait) => wait === 0)).toBe(true);
});

test("without end, 8 MB a second are read, and the allowance comes back with time", () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  for (let i = 0; i < 128; i++) throttle.take(MB);
  expect(throttle.take(8 * MB)).toBe(1_000);
  now = 1_000;
  expect(throttle.take(4 * MB)).toBe(500);
  now = 60_000;
  expect(throttle.take(100 * MB)).toBe(0);
});
