import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const home = join(__dirname, "..");
const pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "kernel/README.md", "test/fuzz/README.md"];

/** The paths of a page that begin with a folder of the repository, and the targets of its relative links. */
function pathsIn(page: string): readonly string[] {
  const text = readFileSync(join(home, page), "utf8");
  const quoted = [...text.matchAll(/`((?:lib|kernel|test|images|notebooks|\.ci)\/[\w./-]*)`/g)];
  const links = page.includes("/") ? [] : [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
  return [...quoted, ...links].map(([, path = ""]) => path);
}

test.each(pages)("every path that %s names exists", (page) => {
  const paths = pathsIn(page);
  expect(paths.filter((path) => !existsSync(join(home, path)))).toEqual([]);
});

test.each(pages)("each file has the name that %s says is in it", (page) => {
  const text = readFileSync(join(home, page), "utf8").replace(/\s+/g, " ");
  const named = [
    ...text.matchAll(/((?:`[\w.]+`(?:, | and )?)+) (?:of|in) `((?:lib|kernel|test)\/[\w./-]+\.ts)`/g),
  ];
  const missing = named.flatMap(([, names = "", path = ""]) => {
    const source = readFileSync(join(home, path), "utf8");
    const wanted = [...names.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name.split(".").at(-1) ?? name);
    return wanted
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(source))
      .map((name) => `${name} in ${path}`);
  });
  expect(missing).toEqual([]);
});

test("the stages of a packet name files of the traversal", () => {
  const [, section = ""] = readFileSync(join(home, "ARCHITECTURE.md"), "utf8").split("## Stages of a packet");
  const [stages = ""] = section.split("\n## ");
  const paths = [...stages.matchAll(/`((?!lib\/)[\w-]+\/[\w/-]*(?:\.ts)?)`/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(12);
  expect(paths.filter((path) => !existsSync(join(home, "lib/netfilter/traverse", path)))).toEqual([]);
});

test("ARCHITECTURE.md stays short and names files", () => {
  expect(pathsIn("ARCHITECTURE.md").length).toBeGreaterThan(50);
  expect(readFileSync(join(home, "ARCHITECTURE.md"), "utf8").split("\n").length).toBeLessThanOrEqual(150);
});

test("the README lists every npm script", () => {
  const { scripts } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const commands = readFileSync(join(home, "README.md"), "utf8").split("\n## Commands\n")[1] ?? "";
  const missing = Object.keys(scripts).filter(
    (name) => !commands.includes(["start", "test"].includes(name) ? `\`npm ${name}` : `\`npm run ${name}`),
  );
  expect(missing).toEqual([]);
});
