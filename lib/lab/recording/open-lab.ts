import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { currentCell, LabError } from "../../engine";
import { loadJournal, saveJournal } from "./file";
import type { RecordedClasses } from "./recorded-classes";
import { Recorder } from "./recorder";
import { Replay } from "./replay";

const display = Symbol.for("Jupyter.display");

/** Milliseconds after which what is new in a recording is saved. */
const pace = 2_000;

/** What is opened here: a lab, told from every other object, with the engine it runs on. */
export interface Opened {
  readonly engine: { readonly kind: string; readonly version: string };
}

const recordings = new Map<string, Recording>();
const replays = new Map<string, Replay>();

/**
 * Opens a lab the way the environment says:
 *
 * - `WIREBOOK_REPLAY=FILE`: from a recording. Nothing is run.
 * - `WIREBOOK_RECORD=FILE`: for real, and what it is asked and told is written to the file.
 * - with neither: for real; where no engine answers, from the recording beside the notebook, if there is one.
 *
 * @param isRoot - true for what `open` opens.
 * @param classes - the classes of the objects that are recorded call by call.
 * @throws what `open` throws; LabError `NOT_RECORDED`, `RECORDING_UNREADABLE`, `RECORDING_TOO_NEW`.
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
    const without = error instanceof LabError && ["NO_ENGINE", "NO_PERMISSION"].includes(error.code);
    if (!without || beside === undefined || !existsSync(beside)) throw error;
    return replay(beside, args, isRoot, classes);
  }
}

/**
 * Where the recording of a notebook lies: `recordings/NAME.wirebook` beside it.
 *
 * @param notebook - its path, as Jupyter gives it to kernels in `JPY_SESSION_NAME`.
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
    found: "what it opens is no lab",
    advice: "Record the notebook again.",
  });
}

function load(path: string, classes: RecordedClasses): Replay {
  const journal = loadJournal(path);
  const about = `recorded ${journal.recorded.slice(0, 10)} on ${journal.engine}`;
  let told: unknown;
  let cells = 0;
  // Once in each cell: what it shows did not happen now.
  return new Replay(journal, classes, () => {
    const cell = currentCell();
    const now = cell?.signal ?? process;
    if (now === told) return;
    told = now;
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

/** A recorder, and the file to which it is saved now and then, at the end of each lab, and at the end of the process. */
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
    // A save that fails now is tried again at the lab's end, and told there.
    else this.#timer ??= setTimeout(() => this.#saveMeanwhile(), pace).unref();
  }

  #saveMeanwhile(): void {
    try {
      this.save();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
    }
  }
}
