import { Client, shown } from "../test-support/client";
import { executorPid, waitForEnd } from "../test-support/processes";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  // The limit is for the cell that needs more memory than that.
  client = await Client.start(undefined, { NODE_OPTIONS: "--max-old-space-size=400" });
});
afterAll(() => client.close());

const deaths: readonly [string, string, RegExp][] = [
  ["process.exit", "process.exit(3)", /process\.exit\(3\) was called/],
  ["kill -9", 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})', /SIGKILL/],
  ["a native crash", "process.abort()", /aborted/],
];

test.each(deaths)(
  "after %s the error says so, and the next cell has a new executor",
  async (_, code, how) => {
    await client.run("const before = 1");
    const { reply, messages } = await client.run(`console.log("said before");\n${code}`);
    expect(reply).toMatchObject({ status: "error", ename: "ProcessEnded" });
    expect(reply["evalue"]).toMatch(how);
    // Node's own report of a crash has no markers and may arrive first, because it comes through another pipe.
    expect(shown(messages)).toContainEqual(expect.stringMatching(/^stdout: said before\n/));
    expect(messages.filter(({ header }) => header.msg_type === "error")).toHaveLength(1);
    expect(shown((await client.run("const before = 2; before")).messages)).toEqual(["result: 2"]);
  },
  180_000,
);

test("all output of a process that aborts is shown, however long reading it takes", async () => {
  const { messages } = await client.run(
    "process.stdout.write('x'.repeat(3_000_000) + 'end');\nprocess.abort()",
  );
  const said = shown(messages)
    .filter((each) => each.startsWith("stdout: "))
    .map((each) => each.slice("stdout: ".length))
    .join("");
  expect([said.length, said.slice(-4)]).toEqual([3_000_003, "xend"]);
}, 180_000);

test("out of memory: the cell says so, and the kernel lives on", async () => {
  const { reply } = await client.run("const all: object[] = []; for (;;) all.push({ all })");
  expect(reply).toMatchObject({ ename: "ProcessEnded", evalue: expect.stringMatching(/out of memory/) });
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
}, 180_000);

test("the loss of an executor between two cells is reported with the next cell", async () => {
  const first = await executorPid(client);
  await client.run("const price = 5; let total = 1");
  const last = await client.begin("setTimeout(() => process.exit(0), 50); 1");
  const { reply } = await last.outcome;
  await waitForEnd(first, 5_000);
  await client.until(() => shown(client.of(last.id)).length > 1, "a report below the last cell");
  const name = `In\\[${reply["execution_count"]}\\]`;
  const report = new RegExp(
    `^stderr: ProcessEnded: the process that runs the cells ended after ${name}: process\\.exit\\(0\\) was called\nThese variables are lost: price, total\\. A new process is ready: run the cells above again\\.\n$`,
  );
  expect(shown(client.of(last.id))).toEqual(["result: 1", expect.stringMatching(report)]);
  expect(shown((await client.run("2")).messages)).toEqual([expect.stringMatching(report), "result: 2"]);
  expect(await executorPid(client)).not.toBe(first);
});
