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
  expect(out.toString()).toBe(`${file}: 1 tables, 3 chains, 1 rules, all understood\n`);
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
