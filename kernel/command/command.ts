import { parseArgs } from "node:util";
import { readTypeCheck } from "../language/engine";
import { installKernelspec } from "./kernelspec";
import { serve } from "./serve";

const HELP = `wirebook-kernel: a Jupyter kernel for TypeScript

  wirebook-kernel install [--user | --prefix DIR] [--check error|warn|off]
      Registers the kernel with Jupyter, for the current user (default) or
      in an environment (a Python venv: --prefix "$VIRTUAL_ENV").

  wirebook-kernel server --connection-file FILE [--check error|warn|off]
      Runs the kernel. Jupyter starts it with this command.

  --check says what a type error does: it prevents the cell from running
  (error, the default), it is shown and the cell runs (warn), or types are
  not checked (off).
`;

function usageError(problem: string): number {
  process.stderr.write(`wirebook-kernel: ${problem}\n  Show the commands: wirebook-kernel --help\n`);
  return 2;
}

/** Runs a command line (without `node` and the script). Resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    if (!values.help) return usageError("a command is missing");
    process.stdout.write(HELP);
    return 0;
  }
  if (rest.length > 0) return usageError(`unexpected argument "${rest.join(" ")}"`);
  const check = readTypeCheck(values.check);
  if (!check) return usageError(`--check must be error, warn or off, not "${values.check}"`);
  switch (command) {
    case "install": {
      const { prefix } = values;
      const folder = installKernelspec(
        prefix === undefined ? { kind: "user" } : { kind: "prefix", prefix },
        check,
      );
      process.stdout.write(`The kernel "TypeScript (Wirebook)" is registered in ${folder}\n`);
      return 0;
    }
    case "server": {
      const file = values["connection-file"];
      if (file === undefined) return usageError("the command server needs --connection-file FILE");
      await serve(file, check);
      return 0;
    }
    default:
      return usageError(`unknown command "${command}"`);
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "connection-file": { type: "string" },
      check: { type: "string", default: "error" },
      prefix: { type: "string" },
      user: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}
