import { foundText, fuzz } from "../fuzz/session";

// The first seeds, so that the same cases run each time; `npm run fuzz` goes further.
test("400 random packets through random rules take the path that the model says, rule by rule", async () => {
  const report = await fuzz({ packets: 400, seed: 1, perCase: 40 });
  expect(report.found.map(foundText)).toEqual([]);
  expect(report.refused).toEqual([]);
  expect(report.packets).toBeGreaterThanOrEqual(400);
  // A generator that no longer reaches its rules would agree as well.
  expect(report.passes).toBeGreaterThan(report.packets);
  expect(report.hits.size).toBeGreaterThan(25);
}, 600_000);
