import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ARPTABLES_EXTENSIONS } from "./arptables";
import { EBTABLES_MATCHES } from "./ebtables/match";
import { EBTABLES_TARGETS } from "./ebtables/target";
import { MATCHES } from "./match";
import { EXTENSIONS } from "./registry";
import { TARGETS } from "./target";

/** Files of a folder that each declare one extension. */
const filesOf = (folder: string): readonly string[] =>
  readdirSync(join(__dirname, folder)).filter((file) => /^(?!index\.)[^.]+\.ts$/.test(file));

test.each([
  ["match", MATCHES],
  ["target", TARGETS],
  ["arptables", ARPTABLES_EXTENSIONS],
  ["ebtables/match", EBTABLES_MATCHES],
  ["ebtables/target", EBTABLES_TARGETS],
])("each file in %s declares one extension, and its index lists it", (folder, listed) => {
  const index = readFileSync(join(__dirname, folder, "index.ts"), "utf8");
  const unlisted = filesOf(folder).filter((file) => !index.includes(`"./${file.slice(0, -3)}"`));
  expect(unlisted).toEqual([]);
  expect(listed).toHaveLength(filesOf(folder).length);
});

test("no two extensions of one kind share a name in one family", () => {
  const names = EXTENSIONS.flatMap(({ kind, name, families }) =>
    families.map((family) => `${family} ${kind} ${name}`),
  );
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
