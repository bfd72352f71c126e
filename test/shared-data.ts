import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Real inputs of other projects. They have licences of their own, so they are not part of this repository. They may be
 * beside the clone.
 */
const FOLDER = join(__dirname, "..", "..", "shared", "data");

/** Whether missing inputs are an error. `.ci/run` sets this. */
const REQUIRED = process.env["WIREBOOK_REQUIRE_SHARED"] === "1";

/**
 * Declares tests that need inputs beside the clone. Without them, one test takes their place, which prints how many
 * cases did not run, or fails if `WIREBOOK_REQUIRE_SHARED=1`.
 *
 * @param path - the file or folder, for example `kube-proxy/flows.json`.
 * @param cases - the number of cases, so that it is known without the inputs.
 * @param declare - declares the tests. Its argument is the absolute path. Returns the number of cases.
 */
export function withSharedData(path: string, cases: number, declare: (path: string) => number): void {
  const absolute = join(FOLDER, path);
  if (existsSync(absolute)) {
    const declared = declare(absolute);
    test(`${path} has ${cases} cases`, () => expect(declared).toBe(cases));
    return;
  }
  const report = `${cases} cases of ${path} did not run: the file is missing beside this clone`;
  test(report, () => {
    if (REQUIRED) throw new Error(`${report} (${absolute}), and WIREBOOK_REQUIRE_SHARED=1`);
    console.warn(report);
  });
}
