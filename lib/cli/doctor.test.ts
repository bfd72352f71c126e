import { line, node } from "./doctor";

test.each([
  ["20.19.0", true],
  ["20.18.9", false],
  ["18.20.0", false],
  ["22.0.0", true],
  ["24.1.0", true],
])("Node %s is recent enough: %s", (version, enough) => {
  expect(node(version).advice === undefined).toBe(enough);
});

test("prints advice below each missing requirement", () => {
  expect(line({ need: "kernel", found: "missing", advice: "Create it: npm start" })).toBe(
    "✕ kernel: missing\n    Create it: npm start",
  );
  expect(line({ need: "Node", found: "22.1.0" })).toBe("✓ Node: 22.1.0");
});
