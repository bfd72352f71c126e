import { Client } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  await client.run(
    "function add(left: number, right: number) { return left + right }\nconst point = { x: 1, y: 'a' };",
  );
});
afterAll(() => client.close());

test("kernel_info describes the language", async () => {
  const { reply } = await client.ask("kernel_info_request");
  expect(reply).toMatchObject({
    status: "ok",
    protocol_version: "5.5",
    implementation: "wirebook",
    language_info: {
      name: "typescript",
      mimetype: "text/typescript",
      file_extension: ".ts",
      codemirror_mode: "typescript",
    },
  });
});

test("completion returns members, their kinds, and the range they replace", async () => {
  const { reply } = await client.ask("complete_request", { code: "point.", cursor_pos: 6 });
  expect(reply).toMatchObject({ status: "ok", matches: ["x", "y"], cursor_start: 6, cursor_end: 6 });
  expect(reply["metadata"]).toMatchObject({
    _jupyter_types_experimental: [
      { text: "x", type: "property", start: 6, end: 6 },
      { text: "y", type: "property" },
    ],
  });
});

test("positions count code points, not UTF-16 units", async () => {
  const code = 'const s = "😀😀"; poi';
  const { reply } = await client.ask("complete_request", { code, cursor_pos: [...code].length });
  expect(reply).toMatchObject({ matches: ["point"], cursor_start: 16, cursor_end: 19 });
});

test("inspection returns text and markdown, on a name and inside of its call", async () => {
  for (const [cursor_pos, argument] of [
    [2, ""],
    [3, ""],
    [6, "\n\nArgument 2: right: number"],
  ] as const) {
    const { reply } = await client.ask("inspect_request", { code: "add(1, 2)", cursor_pos, detail_level: 0 });
    expect(reply).toMatchObject({ status: "ok", found: true });
    expect(reply["data"]).toMatchObject({
      "text/plain": `function add(left: number, right: number): number${argument}`,
      "text/markdown": `\`\`\`typescript\nfunction add(left: number, right: number): number\n\`\`\`${argument}`,
    });
  }
  for (const code of ["  ", "noSuchName", "noSuchName.member", "add.noSuchMember", "5 + 5"]) {
    const request = { code, cursor_pos: code.length, detail_level: 0 };
    expect([code, (await client.ask("inspect_request", request)).reply["found"]]).toEqual([code, false]);
  }
});

test.each([
  ["let x = 1", { status: "complete" }],
  ["function f() {", { status: "incomplete", indent: "  " }],
  ["const text = `abc", { status: "incomplete", indent: "" }],
  ["add(1,", { status: "incomplete" }],
  ["add)", { status: "invalid" }],
  ["function function", { status: "invalid" }],
  ["const text = 'abc", { status: "invalid" }],
  ['const text = "abc\n', { status: "invalid" }],
  ["const = = 3; function f() {", { status: "invalid" }],
  ["/* a comment", { status: "incomplete" }],
  ["const x = [1,\n2,", { status: "incomplete" }],
  ["if (true) {\n  add(", { status: "incomplete" }],
  ["await Promise.all([", { status: "incomplete" }],
])("is_complete of %s", async (code, wanted) => {
  expect((await client.ask("is_complete_request", { code })).reply).toMatchObject(wanted);
});

test("history returns the tail, a range and matches", async () => {
  await client.run("1 + 1");
  await client.run("2 + 2");
  const ask = async (content: Record<string, unknown>) =>
    (await client.ask("history_request", { output: false, raw: true, ...content })).reply["history"];
  expect(await ask({ hist_access_type: "tail", n: 1 })).toEqual([[0, expect.any(Number), "2 + 2"]]);
  expect(await ask({ hist_access_type: "range", session: 0, start: 2, stop: 3 })).toEqual([[0, 2, "1 + 1"]]);
  expect(await ask({ hist_access_type: "search", pattern: "1*1" })).toEqual([[0, 2, "1 + 1"]]);
});

test("comm_info is answered between busy and idle", async () => {
  const { reply, messages } = await client.ask("comm_info_request", { target_name: "jupyter.widget" });
  expect(reply).toMatchObject({ status: "ok", comms: {} });
  expect(messages.map(({ content }) => content["execution_state"])).toEqual(["busy", "idle"]);
});

test("while a cell runs, completion, inspection, heartbeat and control answer, and the status stays busy", async () => {
  const cell = await client.begin('console.log("go"); for (;;) {}');
  await client.printed(cell.id, "go\n");
  const { reply } = await client.ask("complete_request", { code: "poin", cursor_pos: 4 });
  expect(reply["matches"]).toEqual(["point"]);
  expect((await client.ask("inspect_request", { code: "add", cursor_pos: 1 })).reply["found"]).toBe(true);
  expect((await client.ask("kernel_info_request", {}, "control")).reply["status"]).toBe("ok");
  expect(await client.heartbeat()).toBe("ping");
  await client.until(() => {
    const last = client.received.filter(({ header }) => header.msg_type === "status").at(-1);
    return last?.content["execution_state"] === "busy" && last.parent["msg_id"] === cell.id;
  }, "the status of the cell that runs");
  await client.ask("interrupt_request", {}, "control");
  expect((await cell.outcome).reply["status"]).toBe("error");
});
