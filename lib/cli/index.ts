import { Command, CommanderError } from "commander";
import { LabError } from "../engine/errors/lab-error";
import { watchOutput } from "./streams";

/**
 * The exports of a command's file. To add a command, write `cli/NAME.ts` with a function `configure` and add it to
 * {@link commands}. Only the command that runs is loaded, so its imports don't slow down the others.
 */
export interface CommandFile {
  /** Adds arguments, options and the action. The action sets `process.exitCode` if the command fails. */
  configure(command: Command): void;
}

const commands: Readonly<Record<string, { summary: string; load: () => Promise<CommandFile> }>> = {
  doctor: {
    summary: "check that this machine has everything Wirebook needs",
    load: () => import("./doctor.js"),
  },
  rules: { summary: "check, print and explain iptables rules", load: () => import("./rules.js") },
  trace: { summary: "trace a packet through saved rules", load: () => import("./trace/trace.js") },
  labs: { summary: "list the open labs of all sessions", load: () => import("./labs.js") },
  clean: {
    summary: "remove containers and networks that earlier sessions left behind",
    load: () => import("./clean.js"),
  },
  snapshot: {
    summary: "print the state of a network namespace as JSON",
    load: () => import("./snapshot.js"),
  },
  install: {
    summary: "register the Wirebook kernel in your own Jupyter",
    load: () => import("./install.js"),
  },
};

/**
 * Runs `wirebook COMMAND …`. Sets `process.exitCode`: 0 success, 1 the command failed or found a problem,
 * 2 invalid command line. An invalid command line prints the error and one line of advice, not the usage.
 *
 * @param argv - like `process.argv`; the first two entries (node and the script) are ignored.
 */
export async function main(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    watchOutput(
      stream,
      (code) => process.exit(code),
      (text) => console.error(text),
    );
  const program = new Command("wirebook")
    .exitOverride()
    .description("Labs of real containers, and traces of packets through real iptables rules")
    .showHelpAfterError('Run "wirebook --help" for the list of commands.');
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program
      .command(name)
      .description(summary)
      .showHelpAfterError(`Run "wirebook ${name} --help" for the list of options.`);
    if (argv.includes(name)) (await load()).configure(command);
  }
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    if (!(error instanceof LabError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
