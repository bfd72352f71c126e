import fc from "fast-check";
import { sameAnswer } from "./answer";

type Value = string | number | boolean;

describe("answers that mean the same", () => {
  it.each<[Value, Value]>([
    ["Yes", true],
    ["yep", "yes"],
    ["No.", false],
    ["it doesn’t", "no"],
    ["two", 2],
    ["2.0", 2],
    ["1,000", 1000],
    ["+3", "3"],
    ["none", 0],
    ["zero", 0],
    ["none", "None"],
    ["50 %", 0.5],
    ["50%", "50 percent"],
    ["1/2", 0.5],
    ["1/3", "33.3333333333333 %"],
    ["1500 ms", "1.5 s"],
    ["a minute", "60 seconds"],
    ["two seconds", "2s"],
    ["172.17.0.2", " 172.17.0.2/32 "],
    ["10.244.1.0/24", "10.244.1.0/24."],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["FD00::0001/64", "fd00::1/64"],
    ["[fd00::1]:80", "[FD00:0::1]:080"],
    ["10.0.0.1:80", "10.0.0.1:80"],
    ["the proxy", "proxy"],
    ['"docker0"', "docker0"],
    ["`docker0`", "Docker0"],
    ["It is   refused", "it is refused."],
    ["web1 and web2", "web2, web1"],
    ["a, b, and c", "c; b; a"],
    ["lo, eth0", "eth0\nlo"],
    ["10.0.0.1, 10.0.0.2", "10.0.0.2/32 and 10.0.0.1"],
    ["1, 2", "two and one"],
  ])("%j and %j", (left, right) => {
    expect(sameAnswer(left, right)).toBe(true);
    expect(sameAnswer(right, left)).toBe(true);
  });
});

describe("answers that differ", () => {
  it.each<[Value, Value]>([
    ["yes", "no"],
    [true, 1],
    [1, 2],
    ["10.0.0.1", "10.0.0.2"],
    ["10.0.0.1/24", "10.0.0.1"],
    ["10.0.0.1:80", "10.0.0.1:8080"],
    ["10.0.0.1:80", "10.0.0.1"],
    ["1", "0.0.0.1"],
    ["1 s", "1 ms"],
    ["1 s", "1"],
    ["5 %", 5],
    ["web1, web2", "web1"],
    ["web1, web1", "web1, web2"],
    ["docker0", "docker1"],
    ["1/0", "0"],
    ["", "no"],
    ["1,000", "1, 0"],
    ["nat, mangle, raw", "raw, mangle"],
    ["a second", "a minute"],
  ])("%j and %j", (left, right) => {
    expect(sameAnswer(left, right)).toBe(false);
    expect(sameAnswer(right, left)).toBe(false);
  });
});

it("compares the order of a list only if it matters", () => {
  const ordered = (left: string, right: string): boolean => sameAnswer(left, right, { ordered: true });
  expect(ordered("nat, mangle, raw", "raw, mangle, nat")).toBe(false);
  expect(ordered("Raw, mangle and nat", "raw, mangle, nat")).toBe(true);
});

it("means the same as itself, in another case and with more spaces", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(sameAnswer(text, text)).toBe(true);
      expect(sameAnswer(text, `  ${text}\n`)).toBe(true);
    }),
  );
});

it("compares numbers by value", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (a, b) => {
      expect(sameAnswer(String(a), b)).toBe(a === b);
    }),
  );
});
