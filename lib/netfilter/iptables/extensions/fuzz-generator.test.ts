import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { ipv4, ipv6 } from "../../../../test/fuzz/generate/pool";
import { rules } from "../../../../test/fuzz/generate/rules";
import { EXTENSIONS } from "./registry";

test("the fuzzer's README lists every match and target that the generator doesn't use", () => {
  const pools = [ipv4, ipv6];
  const made = new Set(
    pools.flatMap((pool) =>
      fc
        .sample(rules(pool), { numRuns: 150, seed: 1 })
        .flatMap((router) => router.rules)
        .flatMap(({ text }) => [...text.matchAll(/(?:^| )(-[mj] \S+)/g)].map(([, use]) => use)),
    ),
  );
  const known = EXTENSIONS.filter(({ families }) => pools.some(({ family }) => families.includes(family)));
  const names = known.map(({ kind, name }) => `${kind === "match" ? "-m" : "-j"} ${name}`);
  const readme = readFileSync(join(__dirname, "../../../../test/fuzz/README.md"), "utf8");
  const [, table = ""] = readme.split("## What the generator does not make");
  const told = [...table.matchAll(/`(-[mj] \S+)`/g)].map(([, name]) => name);
  expect(told.sort()).toEqual([...new Set(names)].filter((name) => !made.has(name)).sort());
});
