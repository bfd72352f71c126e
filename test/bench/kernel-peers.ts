import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { home, program } from "../../kernel/setup/home";
import { ourKernel } from "../../kernel/test-support/kernel-process";

/** A kernel to be measured, and how cells look in its language. */
export interface KernelUnderTest {
  readonly name: string;
  readonly command: (connectionFile: string) => readonly string[];
  /** A cell that prints 100,000 lines. */
  readonly lines: string;
  /** A small cell. It uses only what is loaded. */
  warm(number: number): string;
}

const typescript = {
  lines: 'for (let i = 0; i < 100000; i++) console.log("line " + i)',
  warm: (number: number) => `const x${number} = [1, 2, 3].map((n) => n + ${number}); x${number}.length`,
};

/** Our kernel first, then the peers. Installs those that are missing from npm. */
export function kernels(): readonly KernelUnderTest[] {
  const folder = join(home, ".wirebook", "kernels");
  const modules = join(folder, "node_modules");
  if (!existsSync(join(modules, "tslab")) || !existsSync(join(modules, "deno"))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const args = [
      "install",
      "--install-strategy=nested",
      "--no-audit",
      "--no-fund",
      "tslab@1.0.22",
      "deno@2.9.6",
    ];
    const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stderr}`);
  }
  return [
    { name: "Wirebook", command: ourKernel, ...typescript },
    {
      name: "tslab",
      command: (file) => [
        process.execPath,
        join(modules, "tslab/bin/tslab"),
        "kernel",
        "--config-path",
        file,
      ],
      ...typescript,
    },
    {
      name: "Deno",
      command: (file) => [join(modules, ".bin/deno"), "jupyter", "--kernel", "--conn", file],
      ...typescript,
    },
    {
      name: "ipykernel",
      command: (file) => [program("python"), "-m", "ipykernel_launcher", "-f", file],
      lines: 'for i in range(100000): print("line", i)',
      warm: (number) => `x${number} = [n + ${number} for n in [1, 2, 3]]; len(x${number})`,
    },
  ];
}
