import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

const cases: readonly [string, string, readonly string[]][] = [
  ["a last expression is the result", "1 + 1", ["result: 2"]],
  ["undefined shows no result", "undefined", []],
  ["a number is plain, for graders", "0.5", ["result: 0.5"]],
  ["a string is quoted", '"a"', ["result: 'a'"]],
  ["null is a value", "null", ["result: null"]],
  ["an empty cell succeeds", "  \n// nothing", []],
  ["await at the top level", "const a = await Promise.resolve(4); a", ["result: 4"]],
  ["await of a function called on the spot", "await (async () => 4)()", ["result: 4"]],
  ["await of an array element", "await [Promise.resolve(4)][0]", ["result: 4"]],
  ["await of a template", "// first\nawait `text`", ["result: 'text'"]],
  ["await of a regular expression", "await /x/; 4 // last", ["result: 4"]],
  [
    "a promise as the result gives a hint about await",
    "Promise.resolve(4)",
    ["result: Promise { 4 }\nThis is a promise. Write await before it to get its value."],
  ],
  [
    "promises in an array do not show Node's internal properties",
    "[new Promise(() => {})]",
    ["result: [ Promise { <pending> } ]"],
  ],
  ["an anonymous function stays anonymous", "() => 1", ["result: [Function (anonymous)]"]],
  ["for await at the top level", "for await (const x of [1, 2]) console.log(x)", ["stdout: 1\n2\n"]],
  ["const can be declared again with another type", 'const a = "text"; a.toUpperCase()', ["result: 'TEXT'"]],
  ["a class can be declared again", "class A { x = 1 }\nclass B extends A {}\nnew B().x", ["result: 1"]],
  ["shorthand of an earlier cell's variable", "const o = { a }; o", ["result: { a: 'text' }"]],
  ["export is allowed, as in a module", "export const b = 2; b", ["result: 2"]],
  [
    "a later cell sees exported and imported names",
    'import { join } from "node:path"; join("x", String(b))',
    ["result: 'x/2'"],
  ],
  ["an imported name in a later cell", 'join("y")', ["result: 'y'"]],
  [
    "streams, displays and the result keep their order",
    `console.log("1"); console.error("2"); console.log("3"); display(4); process.stdout.write("5\\n"); display(6); 7`,
    ["stdout: 1\n", "stderr: 2\n", "stdout: 3\n", "display: 4", "stdout: 5\n", "display: 6", "result: 7"],
  ],
  [
    "the text of child processes keeps its position",
    `import { execSync } from "node:child_process";
     console.log("a"); execSync("echo b", { stdio: "inherit" }); console.log("c"); display("d");
     execSync("echo e >&2", { stdio: "inherit" }); display("f"); execSync("echo g", { stdio: "inherit" })`,
    ["stdout: a\nb\nc\n", "display: 'd'", "stderr: e\n", "display: 'f'", "stdout: g\n", "result: null"],
  ],
  [
    "asynchronous displays keep their order too",
    `const slow = (n: number, ms: number) => ({
       [Symbol.for("Jupyter.display")]: () => new Promise((r) => setTimeout(() => r({ "text/plain": String(n) }), ms)),
     });
     display(slow(1, 60)); display(slow(2, 5)); display(3); slow(4, 1)`,
    ["display: 1", "display: 2", "display: 3", "result: 4"],
  ],
  ["display as the last line shows once", "display(1)", ["display: 1"]],
  [
    "an update with an unknown id shows a new output; with a known id it replaces the output",
    `display(1, { id: "p", update: true }); display(2, { id: "p", update: true })`,
    ["display: 1", "update: 2"],
  ],
  [
    "bytes become base64",
    `({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "img", "image/png": Buffer.from("abc") }) })`,
    ["result: img"],
  ],
  [
    "a character that is written in two halves stays whole",
    `process.stdout.write(Buffer.from([0xc3])); process.stdout.write(Buffer.from([0xa9]))`,
    ["stdout: é", "result: true"],
  ],
];

test.each(cases)("%s", async (_, code, wanted) => {
  const { messages, reply } = await client.run(code);
  expect(shown(messages)).toEqual(wanted);
  expect(reply["status"]).toBe("ok");
});

test("a display bundle keeps its metadata and its bytes", async () => {
  const { messages } = await client.run(
    `({ [Symbol.for("Jupyter.display")]: () => ({ data: { "image/png": Buffer.from("abc") }, metadata: { "image/png": { width: 5 } } }) })`,
  );
  const result = messages.find(({ header }) => header.msg_type === "execute_result");
  expect(result?.content).toMatchObject({
    data: { "image/png": "YWJj" },
    metadata: { "image/png": { width: 5 } },
  });
});

test("update_display_data has the display id", async () => {
  const { messages } = await client.run(`display(1, { id: "bar" }); display(2, { id: "bar", update: true })`);
  const ids = messages
    .filter(({ header }) => header.msg_type.endsWith("display_data"))
    .map(({ header, content }) => [header.msg_type, content["transient"]]);
  expect(ids).toEqual([
    ["display_data", { display_id: "bar" }],
    ["update_display_data", { display_id: "bar" }],
  ]);
});

test("an update below another cell happens in place, and running a cell again shows a new output", async () => {
  const shows = 'display("a", { id: "shared", update: true })';
  expect(shown((await client.run(shows)).messages)).toEqual(["display: 'a'"]);
  expect(shown((await client.run('display("b", { id: "shared", update: true })')).messages)).toEqual([
    "update: 'b'",
  ]);
  expect(shown((await client.run(shows)).messages)).toEqual(["display: 'a'"]);
});

test("text printed after a cell has ended is shown below that cell", async () => {
  const first = await client.begin('setTimeout(() => console.log("late"), 150); "first"');
  await first.outcome;
  const second = await client.run('await new Promise((r) => setTimeout(r, 400)); console.log("second")');
  expect(shown(second.messages)).toEqual(["stdout: second\n"]);
  expect(shown(client.of(first.id))).toEqual(["result: 'first'", "stdout: late\n"]);
});

test("5,000 messages arrive complete and in order", async () => {
  const { messages } = await client.run(`for (let i = 0; i < 5000; i++) display(i)`);
  const wanted = Array.from({ length: 5000 }, (_, i) => `display: ${i}`);
  expect(shown(messages)).toEqual(wanted);
});

test("5,000 lines arrive complete, in order and in few messages", async () => {
  const { messages } = await client.run(`for (let i = 0; i < 5000; i++) console.log(i)`);
  const wanted = Array.from({ length: 5000 }, (_, i) => `${i}\n`).join("");
  expect(shown(messages)).toEqual([`stdout: ${wanted}`]);
  expect(messages.filter(({ header }) => header.msg_type === "stream").length).toBeLessThan(100);
});

test("all of 100 MB of output arrives", async () => {
  const { messages, reply } = await client.run(
    `const line = "x".repeat(99); for (let i = 0; i < 1_000_000; i++) process.stdout.write(line + "\\n")`,
  );
  expect(reply["status"]).toBe("ok");
  const length = messages.reduce((sum, { content }) => sum + String(content["text"] ?? "").length, 0);
  expect(length).toBe(100_000_000);
}, 180_000);

test("display.clear removes the output, in the order of the calls", async () => {
  const { messages } = await client.run(
    'console.log("old"); display.clear(true); display("new"); display.clear(); 1',
  );
  expect(messages.map(({ header, content }) => content["wait"] ?? header.msg_type).slice(2, -1)).toEqual([
    "stream",
    true,
    "display_data",
    false,
    "execute_result",
  ]);
});

test("a name with a question mark opens the pager", async () => {
  const { reply, messages } = await client.run("Math.max?");
  expect(reply["payload"]).toEqual([
    {
      source: "page",
      start: 0,
      data: expect.objectContaining({ "text/plain": expect.stringMatching(/Math\.max\(/) }),
    },
  ]);
  expect(shown(messages)).toEqual([]);
  expect((await client.run("noSuchName?")).reply["status"]).toBe("error");
});

test("a silent cell publishes nothing but its status", async () => {
  const code = `console.log("out"); console.error("err"); display(1); display(2, { id: "silent" });
    setTimeout(() => console.log("late"), 20); 5`;
  const { messages, reply } = await client.run(code, { silent: true, store_history: false });
  await client.run("await new Promise((r) => setTimeout(r, 100))");
  expect(reply["status"]).toBe("ok");
  expect(messages.map(({ header }) => header.msg_type)).toEqual(["status", "status"]);
  const failed = await client.run("throw new Error('x')", { silent: true });
  expect(failed.reply).toMatchObject({ status: "error", evalue: "x" });
  expect(failed.messages.map(({ header }) => header.msg_type)).toEqual(["status", "status"]);
});

test("user_expressions are evaluated after a cell that succeeded", async () => {
  const { reply, messages } = await client.run("const price = 4; price", {
    user_expressions: {
      double: "price * 2",
      html: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>' }) })",
      wrong: "missing",
      thrown: "(() => { throw new RangeError('no') })()",
    },
  });
  expect(reply["user_expressions"]).toMatchObject({
    double: { status: "ok", data: { "text/plain": "8" }, metadata: {} },
    html: { status: "ok", data: { "text/html": "<b>" } },
    wrong: { status: "error", ename: "TypeScriptError" },
    thrown: { status: "error", ename: "RangeError", evalue: "no" },
  });
  expect(shown(messages)).toEqual(["result: 4"]);
  expect(shown((await client.run("price")).messages)).toEqual(["result: 4"]);
});

test("a silent cell shows no result and does not increase the execution count", async () => {
  const before = await client.run("0");
  const { messages } = await client.run("5", { silent: true, store_history: false });
  expect(shown(messages)).toEqual([]);
  expect(messages.some(({ header }) => header.msg_type === "execute_input")).toBe(false);
  const after = await client.run("0");
  expect(Number(after.reply["execution_count"])).toBe(Number(before.reply["execution_count"]) + 1);
});
