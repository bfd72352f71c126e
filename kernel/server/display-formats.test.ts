import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

/** The bundles that a cell shows, without `text/plain`. */
async function bundles(code: string): Promise<unknown[]> {
  const { messages, reply } = await client.run(code);
  expect(reply).toMatchObject({ status: "ok" });
  return messages
    .filter(({ header }) => /display_data|execute_result/.test(header.msg_type))
    .map(({ content }) => {
      const { "text/plain": text, ...data } = Object(content["data"]);
      expect(typeof text).toBe("string");
      return data;
    });
}

const PNG = "iVBORw0KGgo=";

test.each([
  ['display.html("<b>x</b>")', { "text/html": "<b>x</b>" }],
  ['display.markdown("# x")', { "text/markdown": "# x" }],
  ['display.latex("x^2")', { "text/latex": "x^2" }],
  ['display.mermaid("graph TD")', { "text/vnd.mermaid": "graph TD" }],
  ['display.svg("<svg/>")', { "image/svg+xml": "<svg/>" }],
  [`display.png("${PNG}")`, { "image/png": PNG }],
  [`display.png(Buffer.from("${PNG}", "base64"))`, { "image/png": PNG }],
  ["display.json({ a: [1] })", { "application/json": { a: [1] } }],
  ["display.vega({ marks: [] })", { "application/vnd.vega.v5+json": { marks: [] } }],
  ['display.vegaLite({ mark: "bar" })', { "application/vnd.vegalite.v5+json": { mark: "bar" } }],
  [
    'display.table([{ name: "<a>", n: 1 }, { name: "b", more: { x: 1 } }])',
    {
      "text/html":
        "<table><thead><tr><th>name</th><th>n</th><th>more</th></tr></thead><tbody><tr><td>&#60;a&#62;</td><td>1</td><td></td></tr><tr><td>b</td><td></td><td>{&#34;x&#34;:1}</td></tr></tbody></table>",
    },
  ],
  ["const n = 1; Deno.jupyter.html`<i>$" + "{n}</i>`", { "text/html": "<i>1</i>" }],
  ["Deno.jupyter.md`# $" + "{2}`", { "text/markdown": "# 2" }],
  ["Deno.jupyter.svg`<svg/>`", { "image/svg+xml": "<svg/>" }],
  [`Deno.jupyter.image(Buffer.from("${PNG}", "base64"))`, { "image/png": PNG }],
  ['await Deno.jupyter.display({ "text/html": "raw" }, { raw: true })', { "text/html": "raw" }],
  ['({ [Deno.jupyter.$display]: () => ({ "text/html": "own" }) })', { "text/html": "own" }],
])("%s", async (code, data) => {
  expect(await bundles(code)).toEqual([data]);
});

test("every image has an alternative text in its metadata", async () => {
  const { messages } = await client.run(
    `display.png("${PNG}", { alt: "a pixel" }); display.svg("<svg/>");
     display({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "two pods", "image/svg+xml": "<svg/>" }) });`,
  );
  const metadata = messages
    .filter(({ header }) => header.msg_type === "display_data")
    .map(({ content }) => content["metadata"]);
  expect(metadata).toEqual([
    { "image/png": { alt: "a pixel" } },
    { "image/svg+xml": { alt: expect.any(String) } },
    { "image/svg+xml": { alt: "two pods" } },
  ]);
});

test("Deno.jupyter.broadcast publishes a message below the cell", async () => {
  const { messages } = await client.run(
    'await Deno.jupyter.broadcast("my_type", { x: 1 }, { metadata: { y: 2 } }); 3',
  );
  const own = messages.find(({ header }) => header.msg_type === "my_type");
  expect([own?.content, own?.metadata]).toEqual([{ x: 1 }, { y: 2 }]);
  expect(shown(messages).at(-1)).toBe("result: 3");
});

test("packages do not see the global Deno, and a cell may declare its own", async () => {
  expect(shown((await client.run("Reflect.has(globalThis, 'Deno')")).messages)).toEqual(["result: false"]);
  expect(shown((await client.run("const setTimeout = 5; setTimeout")).messages)).toEqual(["result: 5"]);
});
