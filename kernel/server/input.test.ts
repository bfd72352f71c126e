import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

test("prompt, confirm and a password form ask the client that runs the cell", async () => {
  const cell = await client.begin(
    `console.log("before"); const name = prompt("Name?", "nobody"); const sure = confirm("Sure?"); const key = prompt.password("Key?"); const none = prompt("Again?", "nobody"); [name, sure, key, none]`,
    { allow_stdin: true },
  );
  const asked = [];
  for (const value of ["Ada", "yes", "secret", ""]) asked.push(await client.answerInput(value));
  expect(
    asked.map((message) => [message?.header.msg_type, message?.parent["msg_id"], message?.content]),
  ).toEqual([
    ["input_request", cell.id, { prompt: "Name? ", password: false }],
    ["input_request", cell.id, { prompt: "Sure? [y/N] ", password: false }],
    ["input_request", cell.id, { prompt: "Key? ", password: true }],
    ["input_request", cell.id, { prompt: "Again? ", password: false }],
  ]);
  expect(shown((await cell.outcome).messages)).toEqual([
    "stdout: before\n",
    "result: [ 'Ada', true, 'secret', 'nobody' ]",
  ]);
});

test("readline reads lines from the client, and asks for no more than it needs", async () => {
  const cell = await client.begin(
    `import * as readline from "node:readline/promises";
     const rl = readline.createInterface({ input: process.stdin, output: process.stdout });
     const first = await rl.question("First? "); const second = await rl.question("Second? "); rl.close();
     [first, second]`,
    { allow_stdin: true },
  );
  await client.answerInput("one");
  await client.answerInput("two");
  expect(shown((await cell.outcome).messages).at(-1)).toBe("result: [ 'one', 'two' ]");
});

const readers: readonly [string, string][] = [
  ["prompt", `prompt("Name?")`],
  ["confirm", `confirm("Sure?")`],
  ["a password form", `prompt.password("Key?")`],
  [
    "readline",
    `const rl = (await import("node:readline/promises")).createInterface({ input: process.stdin, output: process.stdout }); await rl.question("Name? ")`,
  ],
  ["for await over stdin", "for await (const x of process.stdin) {}"],
  ["a listener of stdin", `process.stdin.on("data", () => {}); await new Promise(() => {})`],
];

test.each(readers)("without input from the client, %s raises at once", async (_, code) => {
  const { reply } = await client.run(code);
  expect(reply).toMatchObject({ status: "error", ename: "StdinNotAvailable" });
  expect(reply["evalue"]).toMatch(/does not accept input/);
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
});

test("an interrupt ends a wait for input", async () => {
  const cell = await client.begin('console.log("go"); prompt("Name?")', { allow_stdin: true });
  await client.printed(cell.id, "go\n");
  await client.ask("interrupt_request", {}, "control");
  expect((await cell.outcome).reply).toMatchObject({ status: "error", ename: "Interrupted" });
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
});
