import { debugLog } from "./debug-log";

test.each([
  ["", []],
  ["kernel", ["kernel"]],
  ["engine, kernel", ["kernel"]],
  ["engine", []],
  ["kernels", []],
])("WIREBOOK_DEBUG=%s", (areas, logged) => {
  const lines: string[] = [];
  debugLog("kernel", areas, (line) => lines.push(line))("executor started");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(logged);
  for (const line of lines) expect(line).toMatch(/^kernel \d+\.\d{3} s {2}executor started\n$/);
});
