import { Engine, Shell } from "../../lib/engine";
import { imageTag } from "../../lib/setup/images";

let engine: Engine;
let container: string;
let shell: Shell;

beforeAll(async () => {
  engine = await Engine.connect();
  const spec = { name: `wirebook-shell-test-${process.pid}`, image: imageTag("base"), network: "none" };
  container = (await engine.containers.run({ ...spec, command: ["sleep", "300"] })).id;
  shell = new Shell(engine, container, ["sh"], "shell test");
}, 60_000);

afterAll(async () => {
  shell.close();
  await engine.containers.remove(container);
});

// None of these scripts may affect the shell that runs the next script.
test.each([
  ["exits with a code", "echo a; exit 3", { stdout: "a\n", exitCode: 3 }],
  ["exits in the middle of a loop", "for i in 1 2; do exit 1; done", { exitCode: 1 }],
  ["exits from its trap", "trap 'exit 4' EXIT; echo b", { stdout: "b\n", exitCode: 4 }],
  ["fails under set -e", "set -e; false; echo never", { stdout: "", exitCode: 1 }],
  ["replaces itself with exec", "exec echo c", { stdout: "c\n", exitCode: 0 }],
  ["closes its outputs", "exec >&- 2>&-", { stdout: "", exitCode: 0 }],
  ["returns at the top level", "return 5", { exitCode: 5 }],
  ["has a syntax error", "if then fi", { exitCode: 2 }],
  ["has an unterminated quote", "echo it's", { exitCode: 2 }],
  ["has an unterminated here-document", "cat <<EOF\nd", { stdout: "d", exitCode: 0 }],
  ["ends with a comment", "echo e # f", { stdout: "e\n", exitCode: 0 }],
  ["reads its input", "cat; read -r line || echo none", { stdout: "none\n", exitCode: 0 }],
  ["is empty", "", { stdout: "", exitCode: 0 }],
  ["is only a comment", "# it's nothing", { stdout: "", exitCode: 0 }],
])("a script that %s returns its result, and the shell stays the same", async (_name, script, answer) => {
  const before = (await shell.run("echo $$")).stdout;
  expect(await shell.run(script)).toMatchObject(answer);
  expect((await shell.run("echo $$")).stdout).toBe(before);
});

test("a script's variables, working directory, options and umask don't affect the next one", async () => {
  await shell.run("x=1; cd /proc; set -u; umask 077");
  expect((await shell.run('echo "$x" "$PWD" "$-" "$(umask)"')).stdout).toBe(" / s 0022\n");
});

test("concurrent scripts return their results in call order", async () => {
  const asked = ["exit 1", "echo 2", "if", "echo 4; exit 4"].map((script) => shell.run(script));
  expect((await Promise.all(asked)).map(({ exitCode }) => exitCode)).toEqual([1, 0, 2, 4]);
});
