import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ERROR_CODES } from "./lab-error";

const home = join(__dirname, "..", "..", "..");
const skipped = new Set(["dist", "node_modules", "golden"]);

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sources(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

const files = [...sources(join(home, "lib")), ...sources(join(home, "kernel")), join(home, "setup.mjs")];

// A message starts with its code and two spaces.
const messageCodes = (text: string): readonly string[] =>
  [...text.matchAll(/[`"]([A-Z]+(?:_[A-Z]+)*) {2}\S/g)].map(([, code = ""]) => code);

test("every code that a message starts with is in the list of codes", () => {
  const listed: ReadonlySet<string> = new Set(ERROR_CODES);
  const found = files.flatMap((file) =>
    messageCodes(readFileSync(file, "utf8")).map((code) => `${code} in ${relative(home, file)}`),
  );
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter((each) => !listed.has(each.split(" ")[0] ?? ""))).toEqual([]);
});

test("every code of the list is used", () => {
  const text = files
    .filter((file) => !file.endsWith("lab-error.ts"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  expect(ERROR_CODES.filter((code) => !new RegExp(`["\`]${code}(?:["\`]| {2})`).test(text))).toEqual([]);
});

test("the list is sorted and has no duplicates", () => {
  expect([...new Set(ERROR_CODES)].sort()).toEqual([...ERROR_CODES]);
});
