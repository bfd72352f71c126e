import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { display } from "../../display";
import { currentCell, LabError } from "../../engine";
import { loadJournal, saveJournal } from "./file";
import type { RecordedClasses } from "./recorded-classes";
import { Recorder } from "./recorder";
import { Replay } from "./replay";

/** Delay before new entries of a recording are saved. */
const SAVE_DELAY_MS = 2_000;

/** The part of an opened lab that recordings use. */
export interface Opened {
  readonly engine: { readonly kind: string; readonly version: string };
}

const recordings = new Map<string, Recording>();
const replays = new Map<string, Replay>();

/**
 * Opens a lab, records it or replays a recording, depending on the environment:
 *
 * - `WIREBOOK_REPLAY=FILE`: replays the recording. Runs no containers.
 * - `WIREBOOK_RECORD=FILE`: opens the lab, and writes all calls and their results to the file.
 * - neither: opens the lab. If no engine responds, replays the recording next to the notebook if there is one.
 *
 * @param isRoot - returns true for the object that `open` returns.
 * @param classes - the classes of the live objects.
 * @throws Error of `open`; LabError `NOT_RECORDED`, `RECORDING_UNREADABLE`, `RECORDING_TOO_NEW`.
 */
export async function openRecordedOrLive<Root extends Opened>(
  args: readonly unknown[],
  open: () => Promise<Root>,
  isRoot: (value: unknown) => value is Root,
  classes: RecordedClasses,
): Promise<Root> {
  const replayed = process.env["WIREBOOK_REPLAY"];
  const recorded = process.env["WIREBOOK_RECORD"];
  if (replayed) return replay(resolve(replayed), args, isRoot, classes);
  if (recorded) return recordingTo(resolve(recorded), classes).open(args, open);
  try {
    return await open();
  } catch (error) {
    const beside = recordingBeside(process.env["JPY_SESSION_NAME"]);
    const noEngine = error instanceof LabError && ["NO_ENGINE", "NO_PERMISSION"].includes(error.code);
    if (!noEngine || beside === undefined || !existsSync(beside)) throw error;
    return replay(beside, args, isRoot, classes);
  }
}

/**
 * Returns the path of a notebook's recording: `recordings/NAME.wirebook` in the notebook's folder.
 *
 * @param notebook - path of the notebook, which Jupyter passes to kernels in `JPY_SESSION_NAME`.
 */
export function recordingBeside(notebook: string | undefined): string | undefined {
  if (notebook === undefined || !notebook.endsWith(".ipynb")) return undefined;
  const folder = isAbsolute(notebook) ? dirname(notebook) : process.cwd();
  return join(folder, "recordings", `${basename(notebook, ".ipynb")}.wirebook`);
}

function replay<Root>(
  path: string,
  args: readonly unknown[],
  isRoot: (value: unknown) => value is Root,
  classes: RecordedClasses,
): Root {
  const known = replays.get(path) ?? load(path, classes);
  replays.set(path, known);
  const root = known.open(args);
  if (isRoot(root)) return root;
  throw new LabError("RECORDING_UNREADABLE", {
    where: path,
    found: "the recording doesn't start with a lab",
    advice: "Record the notebook again.",
  });
}

function load(path: string, classes: RecordedClasses): Replay {
  const journal = loadJournal(path);
  const about = `recorded ${journal.recorded.slice(0, 10)} on ${journal.engine}`;
  let lastCell: unknown;
  let cells = 0;
  // Shown once in each cell, so that readers know that the output is recorded.
  return new Replay(journal, classes, () => {
    const cell = currentCell();
    const now = cell?.signal ?? process;
    if (now === lastCell) return;
    lastCell = now;
    cells += 1;
    const text =
      cells === 1
        ? `▷ REPLAY, ${about}: no container runs here. To run it for real, start a container engine and run this cell again.`
        : `▷ replay, ${about}`;
    if (cell) cell.display({ [display]: () => ({ "text/plain": text }) }, { id: `wirebook-replay-${cells}` });
    else process.stderr.write(`${text}\n`);
  });
}

function recordingTo(path: string, classes: RecordedClasses): Recording {
  const known = recordings.get(path);
  if (known) return known;
  const made = new Recording(path, classes);
  recordings.set(path, made);
  process.once("exit", () => made.saveAtExit());
  return made;
}

/** A recorder and its file. It is saved periodically, when a lab is closed, and when the process exits. */
class Recording {
  readonly #path: string;
  readonly #recorder: Recorder;
  #timer: NodeJS.Timeout | undefined;
  #unsaved = false;

  constructor(path: string, classes: RecordedClasses) {
    this.#path = path;
    this.#recorder = new Recorder(classes, (member) => this.#changed(member));
  }

  open<Root extends Opened>(args: readonly unknown[], open: () => Promise<Root>): Promise<Root> {
    return this.#recorder.open(args, async () => {
      const root = await open();
      this.#recorder.engine = `${root.engine.kind} ${root.engine.version}`;
      return root;
    });
  }

  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#unsaved) return;
    saveJournal(this.#recorder.journal, this.#path);
    this.#unsaved = false;
  }

  saveAtExit(): void {
    try {
      this.save();
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  #changed(member: string): void {
    this.#unsaved = true;
    if (member === "close") this.save();
    // If this save fails, the one at the end of the lab tries again and reports the error.
    else this.#timer ??= setTimeout(() => this.#saveInBackground(), SAVE_DELAY_MS).unref();
  }

  #saveInBackground(): void {
    try {
      this.save();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
    }
  }
}
