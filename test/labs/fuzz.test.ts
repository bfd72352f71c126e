import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FuzzCase } from "../fuzz/case";
import { foundText, fuzz, replay } from "../fuzz/session";

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

const golden = join(__dirname, "..", "fuzz", "golden");

test.each(readdirSync(golden).filter((name) => name.endsWith(".json")))(
  "the model agrees with the kernel on the case %s, on which it once did not",
  async (name) => {
    const recorded: FuzzCase = JSON.parse(readFileSync(join(golden, name), "utf8"));
    const disagreement = await replay(recorded);
    expect(disagreement && foundText({ seed: 0, case: recorded, disagreement })).toBeUndefined();
  },
  120_000,
);
