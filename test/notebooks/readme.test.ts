import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { home } from "../../kernel/setup/home";
import { headingsOf, pictureCells, readNotebook, sourceComment } from "../pictures/cells";

/** A row of the README's table of subjects. Everything in the table must exist, and it must cover every subject. */
interface Row {
  readonly subject: string;
  readonly where: string;
  /** Chapter and anchor of each section. */
  readonly sections: readonly { readonly notebook: string; readonly anchor: string }[];
  readonly pictures: readonly string[];
}

const readme = readFileSync(join(home, "README.md"), "utf8");
const table = /## The subject, line by line\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? "";
const rows: readonly Row[] = [...table.matchAll(/^\| \*\*(.+?)\*\* \| (.+) \| (.+) \|$/gm)].map(
  ([, subject = "", where = "", seen = ""]) => ({
    subject,
    where,
    sections: [...where.matchAll(/\]\((notebooks\/[^#)]+)#([^)]+)\)/g)].map(
      ([, notebook = "", anchor = ""]) => ({ notebook, anchor }),
    ),
    pictures: [...seen.matchAll(/src="([^"]+)"/g)].map(([, src = ""]) => src),
  }),
);

const chapters = readdirSync(join(home, "notebooks")).filter((name) => name.endsWith(".ipynb"));

const SUBJECT: readonly (readonly [string, readonly string[]])[] = [
  ["Linux virtual networking", ["bridge", "veth", "tap", "namespace"]],
  [
    "Docker networking",
    ["docker0", "source NAT", "outside", "destination NAT", "expose services", "isolation"],
  ],
  ["iptables", ["raw", "mangle", "nat", "filter"]],
  ["iptables", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]],
  ["Docker networking against Kubernetes networking", ["same container addresses", "unique address"]],
  ["Pod and pause container", ["pause holds the namespace"]],
  ["Pod network CIDR", ["chunk for each node", "apart from the host network"]],
  ["Cluster IP", ["scaling", "failures", "restarts", "no interface has it", "iptables rules only"]],
  ["NAT", ["SNAT", "DNAT"]],
  ["Proxy", ["two"]],
  ["Reverse proxy", ["path routing"]],
];

test.each(SUBJECT)("the table has a row for %s that mentions %j", (subject, words) => {
  const row = rows.find((one) => one.subject === subject);
  expect(words.filter((word) => !row?.where.includes(word))).toEqual([]);
});

// JupyterLab's anchors: the heading, with hyphens instead of spaces.
const anchorOf = (heading: string) => heading.replaceAll(" ", "-");

describe.each(rows)("the row of $subject", ({ sections, pictures }) => {
  test("links to sections that exist", () => {
    expect(sections.length).toBeGreaterThan(0);
    for (const { notebook, anchor } of sections) {
      expect(headingsOf(readNotebook(join(home, notebook))).map(anchorOf)).toContain(anchor);
    }
  });

  test("shows a picture that one of its sections draws", () => {
    expect(pictures).toHaveLength(1);
    for (const picture of pictures) {
      const drawn = sections.filter(({ notebook, anchor }) =>
        pictureCells(readNotebook(join(home, notebook))).some(
          (cell) =>
            cell.picture === basename(picture, ".svg") && anchorOf(cell.headings.at(-1) ?? "") === anchor,
        ),
      );
      expect(drawn).toHaveLength(1);
      expect(existsSync(join(home, picture))).toBe(true);
      expect(readFileSync(join(home, picture), "utf8")).toMatch(/^<svg[\s\S]*<text[\s\S]*<\/svg>\s*$/);
      expect(statSync(join(home, picture)).size).toBeLessThan(60_000);
    }
  });
});

test.each(chapters)(
  "the pictures of %s were drawn by its current code (if not, run npm run pictures)",
  (chapter) => {
    const outdated = pictureCells(readNotebook(join(home, "notebooks", chapter))).filter((cell) => {
      const svg = readFileSync(join(home, "notebooks", "pictures", `${cell.picture}.svg`), "utf8");
      return !svg.includes(sourceComment(cell));
    });
    expect(outdated.map(({ picture }) => picture)).toEqual([]);
  },
);

test("the table lists every chapter and every picture", () => {
  const named = rows.flatMap(({ sections }) => sections.map(({ notebook }) => basename(notebook)));
  expect([...new Set(named)].sort()).toEqual([...chapters].sort());
  const shown = rows.flatMap(({ pictures }) => pictures.map((picture) => basename(picture)));
  expect(shown.sort()).toEqual(readdirSync(join(home, "notebooks", "pictures")).sort());
});
