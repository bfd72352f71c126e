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
