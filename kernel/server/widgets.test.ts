import { Client, shown } from "../test-support/client";
import type { Message } from "../wire/message";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

/** The comm messages on iopub, with the given type and comm. */
const comms = (type: string, id?: string): Message[] =>
  client.received.filter(
    ({ header, content }) => header.msg_type === type && (id === undefined || content["comm_id"] === id),
  );

const VIEW = "application/vnd.jupyter.widget-view+json";

/** Runs a cell that shows a widget. Returns the widget's comm and its first state. */
async function show(code: string): Promise<{ readonly id: string; readonly state: Record<string, unknown> }> {
  const { messages, reply } = await client.run(code);
  expect(reply["status"]).toBe("ok");
  const result = messages.find(({ header }) => header.msg_type === "execute_result");
  const id: string = JSON.parse(JSON.stringify(result?.content["data"]))[VIEW].model_id;
  return { id, state: JSON.parse(JSON.stringify(comms("comm_open", id)[0]?.content["data"])).state };
}

/** Sends a change of a widget's state as a front end does, and waits until it was handled. */
async function change(id: string, state: object): Promise<void> {
  await client.send("shell", "comm_msg", {
    comm_id: id,
    data: { method: "update", state, buffer_paths: [] },
  });
  const echoed = () =>
    comms("comm_msg", id).some(
      ({ content }) =>
        JSON.stringify(content["data"]).includes("echo_update") &&
        JSON.stringify(content["data"]).includes(JSON.stringify(state)),
    );
  await client.until(echoed, `the echo of ${JSON.stringify(state)}`);
}

test("a slider calls back, and its value is the same on both sides", async () => {
  const { id, state } = await show(
    'const size = widgets.slider({ min: 1, max: 9, value: 3, description: "size" }); size',
  );
  expect(state).toMatchObject({
    _model_module: "@jupyter-widgets/controls",
    _model_name: "IntSliderModel",
    _view_name: "IntSliderView",
    min: 1,
    max: 9,
    value: 3,
    layout: expect.stringMatching(/^IPY_MODEL_/),
  });
  const cell = await client.begin('size.onChange((value) => console.log("now", value)); size.value');
  await cell.outcome;
  await change(id, { value: 7 });
  await client.printed(cell.id, "now 7\n");
  expect(shown((await client.run("size.value")).messages)).toEqual(["result: 7"]);
  await client.run("size.value = 4");
  expect(comms("comm_msg", id).at(-1)?.content["data"]).toEqual({
    method: "update",
    state: { value: 4 },
    buffer_paths: [],
  });
});

const controls: readonly [string, string, object, string][] = [
  ["a list", 'widgets.select({ options: ["a", "b"], value: "a" })', { index: 1 }, "'b'"],
  ["radio buttons", "widgets.radioButtons({ options: { one: 1, two: 2 } })", { index: 1 }, "2"],
  ["a text field", "widgets.text()", { value: "typed" }, "'typed'"],
  ["a checkbox", "widgets.checkbox()", { value: true }, "true"],
  ["a slider for fractions", "widgets.slider({ max: 1, step: 0.1 })", { value: 0.5 }, "0.5"],
  ["a progress bar", "widgets.progress({ value: 10 })", { value: 20 }, "20"],
];

test.each(controls)("%s has the value that a reader chose", async (_, code, changed, value) => {
  const { id } = await show(`const control = ${code}; control`);
  await change(id, changed);
  expect(shown((await client.run("control.value")).messages)).toEqual([`result: ${value}`]);
});

test("a button calls back, also while a cell waits", async () => {
  const { id } = await show('const go = widgets.button({ description: "Go" }); go');
  const code =
    'const click = new Promise<void>((resolve) => go.onClick(resolve)); console.log("waits"); await click; "clicked"';
  const cell = await client.begin(code);
  await client.printed(cell.id, "waits\n");
  await client.send("shell", "comm_msg", {
    comm_id: id,
    data: { method: "custom", content: { event: "click" } },
  });
  expect(shown((await cell.outcome).messages)).toEqual(["stdout: waits\n", "result: 'clicked'"]);
});

test("an output area shows text and values at any time", async () => {
  const { id } = await show("const area = widgets.output(); area");
  await client.run('area.print("one"); await area.show(2)');
  expect(comms("comm_msg", id).at(-1)?.content["data"]).toMatchObject({
    state: {
      outputs: [
        { output_type: "stream", text: "one\n" },
        { output_type: "display_data", data: { "text/plain": "2" } },
      ],
    },
  });
});

test("binary buffers go both ways", async () => {
  const code = `const custom = widgets.custom({
      esm: "export default { render({ el }) { el.textContent = 'x' } }",
      state: { image: new Uint8Array([1, 2, 3]), nested: { parts: [new Uint8Array([4])] }, size: 1 },
    });
    custom.onMessage((content, buffers) => custom.send({ got: content }, [Buffer.concat(buffers)]));
    custom`;
  const { id, state } = await show(code);
  expect(state).toMatchObject({ _model_module: "anywidget", size: 1, nested: { parts: [null] } });
  const [opened] = comms("comm_open", id);
  expect(JSON.parse(JSON.stringify(opened?.content["data"])).buffer_paths).toEqual([
    ["image"],
    ["nested", "parts", 0],
  ]);
  expect(opened?.buffers?.map((buffer) => [...buffer])).toEqual([[1, 2, 3], [4]]);
  const data = { method: "custom", content: "both" };
  await client.send("shell", "comm_msg", { comm_id: id, data }, [Buffer.from([5]), Buffer.from([6, 7])]);
  const answer = () => comms("comm_msg", id).find(({ content }) => JSON.stringify(content).includes('"got"'));
  await client.until(() => answer() !== undefined, "the answer");
  expect(answer()?.content["data"]).toEqual({ method: "custom", content: { got: "both" } });
  expect([...(answer()?.buffers?.[0] ?? [])]).toEqual([5, 6, 7]);
  const changed = { method: "update", state: {}, buffer_paths: [["image"]] };
  await client.send("shell", "comm_msg", { comm_id: id, data: changed }, [Buffer.from([9, 9])]);
  await client.run("0");
  expect(shown((await client.run('Buffer.from(custom.get("image")).toString("hex")')).messages)).toEqual([
    "result: '0909'",
  ]);
});

test("a front end that is loaded again finds the open comms and all states, also during a busy loop", async () => {
  const { id } = await show('const kept = widgets.radioButtons({ options: ["x", "y"] }); kept');
  await change(id, { index: 1 });
  const busy = await client.begin('console.log("go"); for (;;) {}');
  await client.printed(busy.id, "go\n");
  const { reply } = await client.ask("comm_info_request", { target_name: "jupyter.widget" });
  expect(reply["comms"]).toMatchObject({ [id]: { target_name: "jupyter.widget" } });
  await client.ask("interrupt_request", {}, "control");
  await busy.outcome;
  const control = "control-comm";
  await client.send("shell", "comm_open", {
    comm_id: control,
    target_name: "jupyter.widget.control",
    data: {},
  });
  await client.send("shell", "comm_msg", { comm_id: control, data: { method: "request_states" } });
  await client.until(() => comms("comm_msg", control).length > 0, "the states of all widgets");
  expect(comms("comm_msg", control)[0]?.content["data"]).toMatchObject({
    method: "update_states",
    states: { [id]: { model_name: "RadioButtonsModel", state: { index: 1 } } },
  });
});

test("libraries open and accept comms through the symbol of the cell", async () => {
  await client.run(`const { comms } = (globalThis as any)[Symbol.for("Jupyter.cell")];
    comms.register("echo", (comm: any, { data }: any) => { comm.send({ first: data.word }); comm.onMessage((m: any) => comm.send({ next: m.data.word })); });
    const own = comms.open("chart", { data: { points: 3 } }); 0`);
  expect(comms("comm_open").at(-1)?.content).toMatchObject({ target_name: "chart", data: { points: 3 } });
  await client.send("shell", "comm_open", { comm_id: "e1", target_name: "echo", data: { word: "hello" } });
  await client.send("shell", "comm_msg", { comm_id: "e1", data: { word: "again" } });
  await client.until(() => comms("comm_msg", "e1").length === 2, "two answers");
  expect(comms("comm_msg", "e1").map(({ content }) => content["data"])).toEqual([
    { first: "hello" },
    { next: "again" },
  ]);
  await client.send("shell", "comm_open", { comm_id: "e2", target_name: "unknown", data: {} });
  await client.until(() => comms("comm_close", "e2").length === 1, "the end of a comm to an unknown target");
});

test("when the executor is lost, its comms are closed", async () => {
  const { id } = await show("widgets.checkbox()");
  await client.run("process.exit(0)");
  expect(comms("comm_close", id)).toHaveLength(1);
  const { reply } = await client.ask("comm_info_request", {});
  expect(reply["comms"]).toEqual({});
});
