import { Command, CommanderError } from "commander";
import { LabError } from "../engine/errors/lab-error";
import { watchOutput } from "./streams";

/**
 * What a file of this folder exports. To add a command: write `cli/NAME.ts` with a function `configure`, and name
 * it in {@link commands}. Only the command that was asked for is loaded, so it may import what it needs.
 */
export interface CommandFile {
  /** Adds arguments, options and the action; the action sets `process.exitCode` when it is not 0. */
  configure(command: Command): void;
}

const commands: Readonly<Record<string, { summary: string; load: () => Promise<CommandFile> }>> = {
  doctor: { summary: "look whether this machine has what Wirebook needs", load: () => import("./doctor.js") },
  rules: { summary: "read iptables rules: report, print, explain", load: () => import("./rules.js") },
  trace: { summary: "where a packet goes, and which rule decides", load: () => import("./trace.js") },
  labs: { summary: "list the labs that are open, of every session", load: () => import("./labs.js") },
  clean: { summary: "remove what earlier sessions left behind", load: () => import("./clean.js") },
  snapshot: { summary: "what a network namespace looks like, as JSON", load: () => import("./snapshot.js") },
  install: { summary: "register the kernel with your own Jupyter", load: () => import("./install.js") },
};

/**
 * Runs the command line `wirebook COMMAND …`.
 *
 * Exit codes: 0 done, 1 it failed or found something wrong, 2 a command line that makes no sense.
 *
 * @param argv - as in `process.argv`: the first two are node and the script.
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
    .description("Labs of real containers, and where a packet goes through real iptables rules")
    .showHelpAfterError();
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program.command(name).description(summary);
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
