import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
const run = async (code: string) => shown((await client.run(code)).messages);
beforeAll(async () => {
  client = await Client.start();
  await client.run(`
    const cell = Reflect.get(globalThis, Symbol.for("Jupyter.cell"));
    cell.magic("echo", async (argument: string, body: string) => { console.log("printed"); return { argument, body }; });
    cell.magic("fail", () => { throw new RangeError("it failed"); });
    cell.magic("wait", () => { console.log("go"); return new Promise(() => {}); });`);
});
afterAll(() => client.close());

test("a cell that starts with %%NAME is passed unchanged to its magic, and the value is shown", async () => {
  expect(await run("\n%%echo one two \n  $x `y` \\n\n\"\u2028'")).toEqual([
    "stdout: printed\n",
    `result: { argument: 'one two', body: '  $x \`y\` \\\\n\\n"\u2028\\'' }`,
  ]);
  expect(await run("%%echo")).toEqual(["stdout: printed\n", "result: { argument: '', body: '' }"]);
});

test("the error of a magic is the error of the cell", async () => {
  expect(await run("%%fail now\nline")).toEqual(["error: RangeError: it failed"]);
  expect(await run("typeof cell")).toEqual(["result: 'object'"]);
});

test("the error about an unknown name lists the defined names", async () => {
  expect(await run("%%python\nprint(1)")).toEqual([
    "error: UnknownMagic: %%python is not defined here. Defined are: %%echo, %%fail, %%wait.",
  ]);
});

test("two percent signs further down are part of TypeScript", async () => {
  expect(await run("const text = `\n%%echo`; text.length")).toEqual(["result: 7"]);
});

test("an interrupt ends a magic", async () => {
  const cell = await client.begin("%%wait\nfor ever");
  await client.printed(cell.id, "go\n");
  await client.ask("interrupt_request", {}, "control");
  expect((await cell.outcome).reply["ename"]).toBe("Interrupted");
});

test.each([
  ["%%echo", { status: "incomplete", indent: "" }],
  ["%%echo name\nline", { status: "incomplete", indent: "" }],
  ["%%echo name\nline\n", { status: "complete" }],
])("is_complete of %j", async (code, wanted) => {
  expect((await client.ask("is_complete_request", { code })).reply).toMatchObject(wanted);
});

test("a magic has no TypeScript completion or inspection", async () => {
  const code = "%%echo name\ncel";
  expect((await client.ask("complete_request", { code, cursor_pos: code.length })).reply["matches"]).toEqual(
    [],
  );
  const asked = { code, cursor_pos: code.length - 1, detail_level: 0 };
  expect((await client.ask("inspect_request", asked)).reply["found"]).toBe(false);
});
