import { Client, shown } from "../test-support/client";
import { isIdle } from "../test-support/shown";
import type { Content } from "../wire/message";

/**
 * The 27 criteria of runtimed's kernel-testbed, restated. Its harness is written in Rust; its snippets for TypeScript
 * are those for Deno's kernel. "Strict" means that partial passes do not count.
 */
jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

const typesOf = async (code: string) =>
  (await client.run(code)).messages.map(({ header }) => header.msg_type);
const ask = async (type: string, content: Content = {}) => (await client.ask(type, content)).reply;

const criteria: Readonly<Record<string, () => Promise<void>>> = {
  heartbeat_responds: async () => expect(await client.heartbeat()).toBe("ping"),
  iopub_welcome: async () =>
    expect(client.received.map(({ header }) => header.msg_type)).toContain("iopub_welcome"),
  kernel_info_reply_valid: async () =>
    expect(await ask("kernel_info_request")).toMatchObject({ status: "ok" }),
  kernel_info_has_language_info: async () =>
    expect(await ask("kernel_info_request")).toMatchObject({ language_info: { name: "typescript" } }),
  kernel_info_has_protocol_version: async () =>
    expect(await ask("kernel_info_request")).toMatchObject({
      protocol_version: expect.stringMatching(/^5\.\d/),
    }),
  execute_stdout: async () =>
    expect(shown((await client.run("console.log('hello')")).messages)).toEqual(["stdout: hello\n"]),
  execute_stderr: async () =>
    expect(shown((await client.run("console.error('error')")).messages)).toEqual(["stderr: error\n"]),
  execute_reply_ok: async () =>
    expect((await client.run("const x = 1")).reply).toMatchObject({ status: "ok" }),
  status_busy_idle_lifecycle: async () => {
    const { messages } = await client.run("const x = 1");
    const states = messages.flatMap(({ content }) => content["execution_state"] ?? []);
    expect(states).toEqual(["busy", "idle"]);
    expect(messages.findIndex(isIdle)).toBe(messages.length - 1);
  },
  execute_input_broadcast: async () => expect(await typesOf("const x = 1")).toContain("execute_input"),
  complete_request: async () => {
    await client.run("const testVariableForCompletion = 42");
    const code = "testVariableFor";
    expect(await ask("complete_request", { code, cursor_pos: code.length })).toMatchObject({
      status: "ok",
      matches: ["testVariableForCompletion"],
    });
  },
  inspect_request: async () =>
    expect(await ask("inspect_request", { code: "console", cursor_pos: 7, detail_level: 0 })).toMatchObject({
      status: "ok",
      found: true,
    }),
  is_complete_complete: async () =>
    expect(await ask("is_complete_request", { code: "const x = 1" })).toMatchObject({ status: "complete" }),
  is_complete_incomplete: async () =>
    expect(await ask("is_complete_request", { code: "const x = {" })).toMatchObject({ status: "incomplete" }),
  history_request: async () =>
    expect(
      await ask("history_request", { hist_access_type: "tail", n: 10, raw: true, output: false }),
    ).toMatchObject({ status: "ok", history: expect.any(Array) }),
  comm_info_request: async () =>
    expect(await ask("comm_info_request")).toMatchObject({ status: "ok", comms: {} }),
  error_handling: async () => {
    const { reply, messages } = await client.run("function function");
    expect(reply).toMatchObject({ status: "error" });
    expect(messages.map(({ header }) => header.msg_type)).toContain("error");
  },
  display_data: async () =>
    expect(
      await typesOf(
        'await Deno.jupyter.broadcast("display_data", { data: { "text/html": "<b>bold</b>" }, metadata: {}, transient: {} })',
      ),
    ).toContain("display_data"),
  update_display_data: async () => {
    const show = (type: string) =>
      `await Deno.jupyter.broadcast("${type}", { data: { "text/html": "<b>x</b>" }, metadata: {}, transient: { display_id: "test_update" } })`;
    const types = await typesOf(`${show("display_data")}; ${show("update_display_data")}`);
    expect(types).toEqual(expect.arrayContaining(["display_data", "update_display_data"]));
  },
  execute_result: async () => expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]),
  rich_execute_result: async () => {
    const { messages } = await client.run(
      '[{ letter: "A", frequency: 0.08167 }, { letter: "B", frequency: 0.01492 }]',
    );
    const result = messages.find(({ header }) => header.msg_type === "execute_result");
    expect(result?.content).toMatchObject({
      data: { "text/html": expect.stringContaining("<td>0.08167</td>") },
    });
  },
  stdin_input_request: async () => {
    const { outcome } = await client.begin("prompt('Enter: ')", { allow_stdin: true });
    expect((await client.answerInput('"test_input_42"'))?.content).toMatchObject({ prompt: "Enter: " });
    expect((await outcome).reply).toMatchObject({ status: "ok" });
  },
  comms_lifecycle: async () => {
    const comm = { comm_id: "test-comm", target_name: "jupyter.kernel_testbed.test", data: {} };
    await client.send("shell", "comm_open", comm);
    const closed = () =>
      client.received.some(
        ({ header, content }) => header.msg_type === "comm_close" && content["comm_id"] === "test-comm",
      );
    await client.until(closed, "the refusal of an unknown target");
    expect((await client.run("const x = 1")).reply).toMatchObject({ status: "ok" });
  },
  interrupt_request: async () =>
    expect((await client.ask("interrupt_request", {}, "control")).reply).toMatchObject({ status: "ok" }),
  execution_count_increments: async () => {
    const count = async () => Number((await client.run("const x = 1")).reply["execution_count"]);
    const first = await count();
    expect(await count()).toBe(first + 1);
  },
  parent_header_correlation: async () => {
    const { id, outcome } = await client.begin("console.log('hello')");
    const { messages } = await outcome;
    expect(messages.length).toBeGreaterThan(3);
    expect(messages.every(({ parent }) => parent["msg_id"] === id)).toBe(true);
  },
  shutdown_reply: async () => {
    const gone = new Promise((resolve) => client.server.once("exit", resolve));
    const { reply } = await client.ask("shutdown_request", { restart: false }, "control");
    expect(reply).toMatchObject({ status: "ok", restart: false });
    await gone;
  },
};

test("there are 27 criteria", () => expect(Object.keys(criteria)).toHaveLength(27));

test.each(Object.entries(criteria))("%s", (_, holds) => holds());
