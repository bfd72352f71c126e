import { foundText, fuzz } from "../fuzz/session";

// The seed is fixed, so that the same cases run each time. `npm run fuzz` runs more.
test("400 random packets through random rules take the path that the model predicts, rule by rule", async () => {
  const report = await fuzz({ packets: 400, seed: 1, perCase: 40 });
  expect(report.found.map(foundText)).toEqual([]);
  expect(report.refused).toEqual([]);
  expect(report.packets).toBeGreaterThanOrEqual(400);
  // If the packets no longer matched any rule, the model would also agree.
  expect(report.passes).toBeGreaterThan(report.packets);
  expect(report.untracked).toBeGreaterThan(0);
  expect(report.hits.size).toBeGreaterThan(25);
}, 600_000);
