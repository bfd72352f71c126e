import { createHmac } from "node:crypto";
import fc from "fast-check";
import { decodeMessage, encodeMessage, makeHeader } from "./message";
import { Signer } from "./signature";

const parts = ["{}", "{}", "{}", '{"code":"1"}'].map((text) => Buffer.from(text));

test("the signature is the HMAC of the four parts, in hexadecimal", () => {
  const wanted = createHmac("sha256", "key").update(Buffer.concat(parts)).digest("hex");
  expect(new Signer("key").sign(parts)).toBe(wanted);
});

test("a valid signature is accepted once", () => {
  const signer = new Signer("key");
  const signature = signer.sign(parts);
  expect(signer.accept(signature, parts)).toBe(true);
  expect(signer.accept(signature, parts)).toBe(false);
});

test.each([
  ["another key", new Signer("other").sign(parts)],
  ["none", ""],
  ["a shorter one", new Signer("key").sign(parts).slice(1)],
  ["not hexadecimal", "z".repeat(64)],
])("a wrong signature (%s) is refused", (_, signature) => {
  expect(new Signer("key").accept(signature, parts)).toBe(false);
});

test("an empty key turns signing off", () => {
  const signer = new Signer("");
  expect(signer.sign(parts)).toBe("");
  expect(signer.accept("", parts)).toBe(true);
  expect(signer.accept("", parts)).toBe(true);
});

test("a message is decoded as it was sent; a changed message is refused", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      fc.uint8Array(),
      fc.array(fc.uint8Array()),
      (content, id, binary) => {
        const header = makeHeader("execute_request", "session");
        const buffers = binary.map((bytes) => Buffer.from(bytes));
        const message = { identities: [Buffer.from(id)], header, parent: {}, metadata: {}, content, buffers };
        const frames = encodeMessage(message, new Signer("key"));
        expect(decodeMessage(frames, new Signer("key"))).toEqual(message);
        const changed = frames.with(-1 - buffers.length, Buffer.from('{"code":"2"}'));
        expect(decodeMessage(changed, new Signer("key"))).toBeUndefined();
      },
    ),
  );
});

test.each([
  ["no frames", []],
  ["no delimiter", [Buffer.from("x")]],
  ["too few parts", [Buffer.from("<IDS|MSG>"), Buffer.from(""), Buffer.from("{}")]],
  [
    "invalid JSON",
    [Buffer.from("<IDS|MSG>"), Buffer.from(""), ...["{", "{}", "{}", "{}"].map((text) => Buffer.from(text))],
  ],
  [
    "no header",
    [Buffer.from("<IDS|MSG>"), Buffer.from(""), ...["[]", "{}", "{}", "{}"].map((text) => Buffer.from(text))],
  ],
])("frames that are not a message are refused: %s", (_, frames) => {
  expect(decodeMessage(frames, new Signer(""))).toBeUndefined();
});
