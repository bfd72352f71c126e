import { line, node } from "./doctor";

test.each([
  ["20.19.0", true],
  ["20.18.9", false],
  ["18.20.0", false],
  ["22.0.0", true],
  ["24.1.0", true],
])("Node %s is enough: %s", (version, enough) => {
  expect(node(version).advice === undefined).toBe(enough);
});

test("what is missing is followed by what to do about it", () => {
  expect(line({ need: "kernel", found: "not there", advice: "Make it: npm start" })).toBe(
    "✕ kernel: not there\n    Make it: npm start",
  );
  expect(line({ need: "Node", found: "22.1.0" })).toBe("✓ Node: 22.1.0");
});
