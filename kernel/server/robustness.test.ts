import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as zmq from "zeromq";
import { Client, shown, within } from "../test-support/client";
import { CHANNELS } from "../wire/connection";
import { decodeMessage, encodeMessage, makeHeader } from "../wire/message";
import { Signer } from "../wire/signature";

jest.setTimeout(300_000);

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(() => client.close());

/** The memory of the server process. */
function residentMb(): number {
  const status = readFileSync(`/proc/${client.server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function stillWorks(): Promise<void> {
  expect(shown((await client.run("1 + 1")).messages)).toEqual(["result: 2"]);
  expect(await within(60_000, "a heartbeat", client.heartbeat())).toBe("ping");
  expect((await client.ask("kernel_info_request", {}, "control")).reply["status"]).toBe("ok");
}

function execute(code: string): Parameters<typeof encodeMessage>[0] {
  const header = makeHeader("execute_request", client.session, "test");
  return { identities: [], header, parent: {}, metadata: {}, content: { code, silent: false } };
}

test("frames on the heartbeat port that do not follow its protocol are returned", async () => {
  const dealer = new zmq.Dealer({ linger: 0 });
  dealer.connect(client.address("hb"));
  for (const frames of [
    ["x"],
    ["", ""],
    ["", "a", "b"],
    [randomBytes(1_000)],
    [randomBytes(3), randomBytes(0)],
  ]) {
    await dealer.send(frames);
    const echo = await within(60_000, "the echo", dealer.receive());
    expect(echo.map((frame) => frame.toString("hex"))).toEqual(
      frames.map((frame) => Buffer.from(frame).toString("hex")),
    );
  }
  dealer.close();
  await stillWorks();
});

test("100,000 malformed, unsigned and replayed messages on all five ports have no effect", async () => {
  const before = (await client.run("0")).reply["execution_count"];
  const replayed = encodeMessage(
    execute("Reflect.set(globalThis, 'replays', (Reflect.get(globalThis, 'replays') ?? 0) + 1)"),
    client.signer,
  );
  const unsigned = encodeMessage(
    execute("Reflect.set(globalThis, 'attacked', true)"),
    new Signer("another key"),
  );
  const kinds: readonly (Uint8Array | string)[][] = [
    ["x"],
    [""],
    ["<IDS|MSG>"],
    ["<IDS|MSG>", "", "{}", "{}", "{}", "{}"],
    ["<IDS|MSG>", "f".repeat(64), "[".repeat(5_000), "{}", "{}", "{}"],
    [randomBytes(200), randomBytes(200)],
    unsigned,
    replayed,
  ];
  const flood = async (address: string, socket: zmq.Dealer | zmq.XSubscriber) => {
    socket.connect(address);
    for (let i = 0; i < 20_000; i++) await socket.send(kinds[i % kinds.length] ?? ["x"]);
  };
  const sockets = CHANNELS.map((channel) => {
    const options = { linger: 0, sendHighWaterMark: 1_000 };
    const socket = channel === "iopub" ? new zmq.XSubscriber(options) : new zmq.Dealer(options);
    return { socket, address: client.address(channel) };
  });
  await Promise.all(sockets.slice(0, 1).map(({ socket, address }) => flood(address, socket)));
  await stillWorks();
  const afterFirstMb = residentMb();
  await Promise.all(sockets.slice(1).map(({ socket, address }) => flood(address, socket)));
  await stillWorks();
  expect(residentMb() - afterFirstMb).toBeLessThan(150);
  for (const { socket } of sockets) socket.close();
  const traces = "['attacked', 'replays'].map((name) => Reflect.get(globalThis, name))";
  expect(shown((await client.run(traces)).messages)).toEqual(["result: [ undefined, 1 ]"]);
  expect(Number((await client.run("0")).reply["execution_count"])).toBeGreaterThan(Number(before));
  expect(client.log.split("\n").length).toBeLessThan(100);
});

test("a message that is too long is refused before it fills the memory", async () => {
  const beforeMb = residentMb();
  for (let i = 0; i < 3; i++) {
    const dealer = new zmq.Dealer({ linger: 10_000 });
    dealer.connect(client.address("shell"));
    await dealer.send(["<IDS|MSG>", "0".repeat(64), "{}", "{}", "{}", Buffer.alloc(100 * 2 ** 20, "x")]);
    dealer.close();
  }
  await stillWorks();
  expect(residentMb() - beforeMb).toBeLessThan(100);
});

test("a second client with the same identity gets answers, on shell and on control", async () => {
  for (const channel of ["shell", "control"] as const) {
    for (let i = 0; i < 2; i++) {
      const dealer = new zmq.Dealer({ routingId: "same identity", linger: 0 });
      dealer.connect(client.address(channel));
      const header = makeHeader("kernel_info_request", client.session, "test");
      await dealer.send(
        encodeMessage({ identities: [], header, parent: {}, metadata: {}, content: {} }, client.signer),
      );
      const frames = await within(60_000, `the reply to client ${i} on ${channel}`, dealer.receive());
      expect(decodeMessage(frames, new Signer(""))?.parent["msg_id"]).toBe(header.msg_id);
      // The first client stays connected.
      if (i === 1) dealer.close();
    }
  }
});

test("a subscriber is welcomed with its topic", async () => {
  for (const topic of ["", "kernel."]) {
    const subscriber = new zmq.Subscriber({ linger: 0 });
    subscriber.connect(client.address("iopub"));
    subscriber.subscribe(topic);
    const frames = await within(60_000, "a welcome", subscriber.receive());
    const message = decodeMessage(frames, new Signer(""));
    expect(frames[0]?.toString()).toBe(topic);
    expect(message?.header.msg_type).toBe("iopub_welcome");
    expect(message?.content).toEqual({ subscription: topic });
    subscriber.close();
  }
});

test("a history search with many stars answers at once", async () => {
  await client.run(`"${"x".repeat(5_000)}"`);
  const request = { hist_access_type: "search", pattern: `${"*".repeat(500)}~`, output: false, raw: true };
  expect((await client.ask("history_request", request)).reply).toMatchObject({ status: "ok", history: [] });
});

test("a message with a wrong signature, or sent twice, is refused", async () => {
  const own = await Client.start();
  const header = makeHeader("execute_request", own.session);
  const content = { code: 'console.log("ran")', silent: false };
  const message = { identities: [], header, parent: {}, metadata: {}, content };
  await own.sendRaw(encodeMessage(message, new Signer("another key")));
  const frames = encodeMessage(message, own.signer);
  const reply = own.reply(header.msg_id);
  await own.sendRaw(frames);
  await own.sendRaw(frames);
  const { messages } = await own.outcome(header.msg_id, reply);
  expect(shown(messages)).toEqual(["stdout: ran\n"]);
  await own.run("1");
  expect(shown(own.of(header.msg_id))).toEqual(["stdout: ran\n"]);
  await own.close();
  expect(own.log.match(/refused a message on shell/g)).toHaveLength(2);
});
