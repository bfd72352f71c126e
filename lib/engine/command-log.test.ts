import { CommandLog } from "./command-log";
import { debugLog } from "./debug-log";

function linesOf(areas: string): { log: CommandLog; lines: string[] } {
  const lines: string[] = [];
  return {
    log: new CommandLog(
      "test",
      3,
      debugLog("engine", areas, (line) => lines.push(line)),
    ),
    lines,
  };
}

const command = { at: 0, where: "web", command: "ip route", milliseconds: 12.34, exitCode: 0 };

test.each([
  ["", 0],
  ["engine", 1],
  ["engine, kernel", 1],
  ["kernel", 0],
  ["engines", 0],
])("WIREBOOK_DEBUG=%j prints %d lines for one command", (areas, count) => {
  const { log, lines } = linesOf(areas);
  log.add(command);
  expect(lines).toHaveLength(count);
});

test("a line contains the place, the command, the exit code and the duration", () => {
  const { log, lines } = linesOf("engine");
  log.add(command);
  log.add({ ...command, command: "set -e\nfalse", exitCode: 1 });
  expect(lines[0]).toMatch(/^engine \d+\.\d{3} s {2}web: ip route, exit code 0, 12\.3 ms\n$/);
  expect(lines[1]).toMatch(/ s {2}web: set -e\\nfalse, exit code 1, 12\.3 ms\n$/);
});

test("a request that fails is printed with its message, and its error is rethrown", async () => {
  const { log, lines } = linesOf("engine");
  await expect(
    log.run("web", "docker start web", () => Promise.reject(new Error("no\nport"))),
  ).rejects.toThrow("no\nport");
  expect(lines[0]).toMatch(/ s {2}web: docker start web, [\d.]+ ms, failed: no\\nport\n$/);
});

test("only the last records are kept", () => {
  const { log } = linesOf("");
  for (const where of ["a", "b", "c", "d"]) log.add({ ...command, where });
  expect(log.records.map(({ where }) => where)).toEqual(["b", "c", "d"]);
});
