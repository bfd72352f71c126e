import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { watchOutput } from "./streams";

/** Returns the exit code of the command and the messages printed before it exits. */
function watched(stream: Parameters<typeof watchOutput>[0]) {
  const said: string[] = [];
  const ended = new Promise<number | undefined>((resolve) =>
    watchOutput(stream, resolve, (text) => void said.push(text)),
  );
  return { said, ended };
}

test("exits without a message if the reader has closed the pipe", async () => {
  const reader = spawn("sh", ["-c", "exec <&-; echo gone; exec sleep 60"]);
  try {
    await once(reader.stdout, "data");
    const { said, ended } = watched(reader.stdin);
    reader.stdin.write("x");
    expect(await ended).toBeUndefined();
    expect(said).toEqual([]);
  } finally {
    reader.kill();
  }
});

test("reports a full disk and exits with 1", async () => {
  expect(existsSync("/dev/full")).toBe(true);
  const stream = createWriteStream("/dev/full");
  const { said, ended } = watched(stream);
  stream.write("x");
  expect(await ended).toBe(1);
  expect(said).toEqual([
    expect.stringMatching(/^OUTPUT {2}cannot be written \(ENOSPC.*\n {2}Free some space/),
  ]);
});
