import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { configure } from "./rules";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rules-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

async function run(content: string | Buffer, ...options: readonly string[]) {
  const file = join(folder, "dump.txt");
  writeFileSync(file, content);
  const said: Buffer[] = [];
  const errors: string[] = [];
  const write = jest.spyOn(process.stdout, "write").mockImplementation((chunk, encoding) => {
    said.push(Buffer.from(chunk.toString(), typeof encoding === "string" ? encoding : "utf8"));
    return true;
  });
  const complain = jest.spyOn(console, "error").mockImplementation((text: string) => void errors.push(text));
  try {
    const command = new Command("rules");
    configure(command);
    await command.parseAsync([file, ...options], { from: "user" });
  } finally {
    write.mockRestore();
    complain.mockRestore();
  }
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { out: Buffer.concat(said), errors, code, file };
}

const good = "*filter\n:INPUT ACCEPT [1:2]\n-A INPUT -p tcp --dport 80 -j ACCEPT\nCOMMIT\n";

test("rules that are understood are counted, exit code 0", async () => {
  const { out, code, file } = await run(good);
  expect(out.toString()).toBe(`${file}: 1 table, 3 chains, 1 rule, all understood\n`);
  expect(code).toBe(0);
});

test("--print source gives every byte back, whatever the encoding", async () => {
  const bytes = Buffer.from([
    ...Buffer.from('*filter\n-A INPUT -m comment --comment "'),
    0xe9,
    0x22,
    0x0a,
    ...Buffer.from("COMMIT\r\n"),
  ]);
  expect((await run(bytes, "--print", "source")).out.equals(bytes)).toBe(true);
});

test("--print legacy prints as iptables-legacy-save would", async () => {
  expect((await run(good, "--print", "legacy")).out.toString()).toBe(
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT\n",
  );
});

test("--ipv6 reads addresses of IPv6", async () => {
  expect((await run("*filter\n-A INPUT -s fd00::1\nCOMMIT\n", "--ipv6")).code).toBe(0);
  expect((await run("*filter\n-A INPUT -s fd00::1\nCOMMIT\n")).code).toBe(1);
});

test("each rule that cannot be read is reported with file, line, column and advice; exit code 1", async () => {
  const { errors, code, file } = await run(
    "*filter\n-A INPUT -m foo\n-A INPUT -j ACCEPT\n-A INPUT -p tcp --dport x\nCOMMIT\n",
  );
  expect(code).toBe(1);
  expect(errors).toHaveLength(2);
  expect(errors[0]).toMatch(new RegExp(`^${file}:2:13: no match is named "foo"; expected .*\\n  `));
  expect(errors[1]).toMatch(/:4:25: "x" is not a port; expected /);
});

test("--json holds tables and errors", async () => {
  const { out, code } = await run("*filter\n-A INPUT -m foo\nCOMMIT\n", "--json");
  const found: unknown = JSON.parse(out.toString());
  expect(found).toMatchObject({
    tables: [
      {
        name: "filter",
        chains: [
          { name: "INPUT", policy: "ACCEPT", rules: [{ line: 2, index: 1, words: expect.any(String) }] },
          {},
          {},
        ],
      },
    ],
    errors: [{ line: 2, column: 13, message: expect.stringContaining('no match is named "foo"') }],
  });
  expect(code).toBe(1);
});

test("--words says every rule", async () => {
  expect((await run(good, "--words")).out.toString()).toBe(
    "filter INPUT (otherwise accept)\n  1. TCP to port 80: let it through this table\n",
  );
});

test("a file that is not there is named, with advice", async () => {
  const command = new Command("rules");
  configure(command);
  const complain = jest.spyOn(console, "error").mockImplementation(() => undefined);
  await command.parseAsync([join(folder, "nope")], { from: "user" });
  expect(complain.mock.calls[0]?.[0]).toMatch(/^RULES_FILE {2}.*nope: cannot be read.*\n {2}Name a file/);
  complain.mockRestore();
  expect(process.exitCode).toBe(1);
});

test.each<[string, string | Buffer, RegExp]>([
  [
    "an empty file is what iptables-save prints where nothing is loaded",
    "",
    /: 0 tables, 0 chains, 0 rules: nothing/,
  ],
  [
    "lines end as on another system",
    good.replaceAll("\n", "\r\n"),
    /: 1 table, 3 chains, 1 rule, all understood/,
  ],
  [
    "comments of iptables-nft-save about the other variant",
    `# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n${good}`,
    /all understood/,
  ],
  ["counters of iptables-save -c", good.replace("-A", "[3:180] -A"), /all understood/],
])("%s", async (_name, content, said) => {
  const { out, errors, code } = await run(content);
  expect(out.toString()).toMatch(said);
  expect([errors, code]).toEqual([[], 0]);
});

test("nothing is printed of nothing, as either variant does", async () => {
  for (const form of ["source", "legacy", "nft"])
    expect((await run("", "--print", form)).out).toHaveLength(0);
  expect(JSON.parse((await run("", "--json")).out.toString())).toMatchObject({ tables: [], errors: [] });
});

test.each<[string, string | Buffer, RegExp]>([
  ["what is compressed is named", Buffer.from([0x1f, 0x8b, 8, 0]), /gzip data: unpack it first/],
  ["what is in UTF-16 is named", Buffer.from(`\ufeff${good}`, "utf16le"), /UTF-16: convert it/],
  ["what is no text is not read line by line", Buffer.from("*filter\n\0\n"), /it is no text: byte 9 is zero/],
])("%s", async (_name, content, said) => {
  const { errors, code } = await run(content);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(said);
  expect(code).toBe(1);
});

test("a folder is named as one", async () => {
  const command = new Command("rules");
  configure(command);
  const complain = jest.spyOn(console, "error").mockImplementation(() => undefined);
  await command.parseAsync([folder], { from: "user" });
  expect(complain.mock.calls[0]?.[0]).toMatch(/^RULES_FILE {2}.*: cannot be read \(it is a directory\)/);
  complain.mockRestore();
  expect(process.exitCode).toBe(1);
});

test("a byte order mark is named, and what follows is read", async () => {
  const { out, errors, code } = await run(`\ufeff${good}`);
  expect(errors).toEqual([expect.stringMatching(/:1:1: the file starts with a byte order mark/)]);
  expect(out.toString()).toMatch(/1 table, 3 chains, 1 rule; 1 problem\n$/);
  expect(code).toBe(1);
  expect((await run(`\ufeff${good}`, "--print", "source")).out.toString()).toBe(`\ufeff${good}`);
});

test("of two dumps in one file the second empties the tables of the first, which is said", async () => {
  const both = `${good}${good.replace("80", "81")}`;
  const { errors, code } = await run(both);
  expect(errors).toEqual([
    expect.stringMatching(/:5:1: table filter is here a second time; .*\n.*empties the table here/),
  ]);
  expect(code).toBe(1);
  const { out } = await run(both, "--print", "legacy");
  expect(out.toString()).toContain("--dport 81 ");
  expect(out.toString()).not.toContain("--dport 80 ");
});

test("rules of ip6tables without a header are named as such", async () => {
  const { errors } = await run("*filter\n-A INPUT -s fd00::1/128\nCOMMIT\n");
  expect(errors[0]).toMatch(
    /:2:13: "fd00::1" is not an IPv4 address; .*\n {2}It is one of IPv6: .* rules --ipv6/,
  );
});

test("a line that is cut off in its middle is named, and so is the dump", async () => {
  const { errors } = await run("*filter\n-A INPUT -j ACCEPT\n-A INPUT -p tcp -m tc");
  expect(errors.map((each) => each.split("; ")[0])).toEqual([
    expect.stringMatching(/:3:20: no match is named "tc"$/),
    expect.stringMatching(/:3:22: the last table is not committed$/),
  ]);
});

test("what a file holds cannot move the terminal's cursor, and long lines are not quoted whole", async () => {
  const { errors } = await run(`*filter\n-A INPUT -m \u001b[2Jfoo\n${"x".repeat(5000)}\nCOMMIT\n`);
  expect(errors[0]).toContain('no match is named "\\x1b[2Jfoo"');
  expect(errors[1]?.length).toBeLessThan(400);
});
