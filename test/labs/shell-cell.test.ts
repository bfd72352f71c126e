import { rmSync } from "node:fs";
import { Client, shown } from "../../kernel/test-support/client";
import { notebookFolder } from "../notebooks/notebook";

jest.setTimeout(120_000);

const folder = notebookFolder();
let client: Client;
const run = async (code: string) => shown((await client.run(code)).messages);
beforeAll(async () => {
  client = await Client.start(folder);
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});

test("a %%sh cell runs its lines in a place of the lab", async () => {
  expect(await run("%%sh router\nip route")).toEqual([
    expect.stringMatching(/^error: UnknownMagic: %%sh is not defined here\. First run the cell/),
  ]);
  const opened = await run(`import { Lab } from "wirebook";
    const lab = await Lab.open("shell-cell");
    const router = await lab.netns("router");
    const pod = await lab.pod("shop", { apps: { web: { image: "web" }, helper: {} } });`);
  expect(opened.filter((line) => line.startsWith("error"))).toEqual([]);
  try {
    expect(
      await run("%%sh router\nip route\nname='two words'\necho $name >&2; echo `hostname`$((1 + 1))"),
    ).toEqual([expect.stringContaining("stderr: two words\n"), expect.stringContaining("stdout: ")]);
    // Apps have separate files and processes, but share one netns.
    const [helper, web] = await Promise.all(
      ["helper", "web"].map((app) => run(`%%sh shop -c ${app}\ncat /proc/1/comm; ip -br -4 addr show eth0`)),
    );
    expect(helper).toEqual([expect.stringMatching(/^stdout: sleep\neth0/)]);
    expect(web?.[0]?.split("\n")[0]).not.toBe("stdout: sleep");
    expect(web?.[0]?.split("\n")[1]).toBe(helper?.[0]?.split("\n")[1]);
    expect(await run("%%sh router\nexit 3")).toEqual([
      expect.stringContaining("error: LabError: COMMAND_FAILED"),
    ]);
    expect(await run("%%sh router --no-raise-error\nexit 3")).toEqual([]);
    expect(await run("%%sh ruter\nip route")).toEqual([
      expect.stringMatching(/UNKNOWN_PLACE.*ruter.*It has: .*router/s),
    ]);
    for (const line of ["%%sh", "%%sh router shop", "%%sh router --loud", "%%sh router -c web"])
      expect(await run(`${line}\nip route`)).toEqual([expect.stringContaining("BAD_CELL")]);
    expect(await run("%%sh router\n")).toEqual([
      expect.stringContaining("BAD_CELL  %%sh: there is nothing below the first line"),
    ]);
  } finally {
    await run("await lab.close();");
  }
  expect(await run("%%sh router\nip route")).toEqual([
    expect.stringContaining("LAB_CLOSED  %%sh: no lab is open"),
  ]);
});
