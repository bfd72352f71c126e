"""Runs the chapters and the solutions of their exercises with nbclient, and reports what failed and where.

    chapters.py [--record | --replay] [--folder DIR] [--report FILE] [--timeout SECONDS] [NAME ...]

A NAME selects the notebooks whose file name starts with it, such as 02 or 02-docker. The exit code is 1 when a cell
failed.

--record also writes all commands of each notebook's labs, and their results, to recordings/NAME.wirebook in the same
folder. Then it runs the notebook again from that recording; every picture must be the same. --replay runs the notebooks
from these recordings, without an engine.
"""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HOME = Path(__file__).resolve().parents[2]

# Waits until no timer of the notebook is pending, for at most two seconds, so that an error in one of them is noticed.
WAIT_FOR_TIMERS = """
for (let i = 0; i < 40 && process.getActiveResourcesInfo().includes("Timeout"); i++)
  await new Promise((resolve) => setTimeout(resolve, 50));
"""


def arguments():
    parser = argparse.ArgumentParser(prog="npm run chapters --", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks whose file name starts with it (default: all)")
    parser.add_argument("--folder", type=Path, default=HOME / "notebooks", help="where to look (default: notebooks)")
    parser.add_argument("--report", type=Path, default=HOME / ".wirebook" / "reports" / "chapters.xml")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for each cell (default: 120)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="write recordings/NAME.wirebook, and check that they replay")
    how.add_argument("--replay", action="store_true", help="run from recordings/NAME.wirebook, without an engine")
    return parser.parse_args()


def recording_of(path):
    return path.parent / "recordings" / f"{path.stem}.wirebook"


def pictures_of(notebook):
    """Returns every Vega-Lite chart of an executed notebook as text, so that charts can be compared."""
    charts = "application/vnd.vegalite.v5+json"
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [json.dumps(output.data[charts], sort_keys=True) for output in outputs if charts in output.get("data", {})]


def selected(folder, names):
    """Yields all notebooks below the folder. Skips exercises, which fail until they are solved; runs their solutions."""
    for path in sorted(folder.rglob("*.ipynb")):
        below = path.relative_to(folder).parts[:-1]
        if any(part.startswith(".") for part in below) or "exercises" in below:
            continue
        if not names or any(path.name.startswith(name) for name in names):
            yield path


def late_errors(reply):
    """Returns the errors that were thrown after earlier cells had ended. The kernel sends them with the next reply."""
    return reply["metadata"].get("wirebook", {}).get("late_errors", [])


async def late_errors_of_last_cell(client):
    """Runs one more cell, which is not part of the notebook, and returns the errors that it is told of."""
    message_id = client.kc.execute(WAIT_FOR_TIMERS, store_history=False)
    while True:
        reply = await client.kc.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") != message_id:
            continue
        content = reply["content"]
        return late_errors(reply) + ([f"{content['ename']}: {content['evalue']}"] if content["status"] == "error" else [])


def summary(late_error):
    """Shortens the text of a late error to one line: where, and the last line of the traceback."""
    lines = late_error.splitlines()
    return f"{lines[0].rstrip(':')}: {lines[-1]}" if len(lines) > 1 else lines[0]


def first_line(error):
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


class Run:
    """One notebook, run in its own folder. Each cell is reported when it ends."""

    def __init__(self, path, title, timeout, **environment):
        self.path, self.title, self.timeout = path, title, timeout
        # Jupyter's server sets this too. The library uses it to find the recording of the notebook.
        self.environment = {**os.environ, "JPY_SESSION_NAME": str(path), **environment}
        self.cases = []  # (name, seconds, None or the problem)

    def execute(self):
        """Returns the executed notebook, or None if it could not be read."""
        try:
            notebook = nbformat.read(self.path, as_version=4)
        except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            self.report("reading the file", "", 0.0, first_line(error))
            return None
        code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
        started = {}

        def start(cell, cell_index):
            started[cell_index] = time.monotonic()

        def end(index, problem, detail=""):
            source = notebook.cells[index].source
            name = f"cell {code.index(index) + 1} of {len(code)}"
            self.report(name, source, time.monotonic() - started[index], problem, detail)

        async def executed(cell, cell_index, execute_reply):
            content = execute_reply["content"]
            expected = "raises-exception" in cell.metadata.get("tags", [])
            if content["status"] == "error" and not expected:
                end(cell_index, f"{content['ename']}: {content['evalue']}", "\n".join(content.get("traceback", [])))
            elif late := late_errors(execute_reply):
                end(cell_index, "; ".join(map(summary, late)), "\n".join(late))
            else:
                end(cell_index, None)
            # nbclient shuts the kernel down before its hook for the end of a notebook.
            if cell_index == code[-1] and (late := await late_errors_of_last_cell(client)):
                self.report("after the last cell", "", 0.0, "; ".join(map(summary, late)), "\n".join(late))

        client = NotebookClient(
            notebook,
            timeout=self.timeout,
            startup_timeout=60,
            resources={"metadata": {"path": str(self.path.parent)}},
            on_cell_start=start,
            on_cell_executed=executed,
        )
        try:
            client.execute(env=self.environment)
        except CellExecutionError:
            pass  # executed() has reported it
        except Exception as error:  # nbclient raises many types: a timeout, a dead or unknown kernel, …
            problem = f"{type(error).__name__}: {first_line(error)}"
            if started:
                end(max(started), problem)
            else:
                self.report("starting the kernel", "", 0.0, problem)
        return notebook

    def report(self, name, source, seconds, problem, detail=""):
        """Prints and keeps how a cell ended. `problem` is None if it succeeded."""
        first = next((line.strip() for line in source.splitlines() if line.strip()), "")
        self.cases.append((f"{name}: {first[:60]}".rstrip(": "), seconds, problem))
        print(f"  {'✓' if problem is None else '✕'} {name} {seconds:6.1f} s  {first[:80]}", flush=True)
        if problem is not None:
            lines = [f"{self.title}, {name}: {problem}", *source.rstrip().splitlines(), *detail.splitlines()]
            text = "".join(f"      {line}\n" for line in lines)
            print(text if sys.stdout.isatty() else re.sub(r"\x1b\[[0-9;]*m", "", text), end="", flush=True)

    def compare(self, before, after):
        """Checks that a replay shows the recorded pictures."""
        recorded, replayed = pictures_of(before), pictures_of(after)
        differ = [str(number) for number, (a, b) in enumerate(zip(recorded, replayed), 1) if a != b]
        problem = None
        if len(recorded) != len(replayed):
            problem = f"{len(replayed)} pictures, but {len(recorded)} were recorded"
        elif differ:
            problem = f"these pictures differ from the recorded ones: {', '.join(differ)}"
        self.report(f"{len(recorded)} pictures as recorded", "", 0.0, problem)

    @property
    def failed(self):
        return any(problem is not None for _, _, problem in self.cases)


def write_report(path, runs):
    suites = ElementTree.Element("testsuites", name="chapters")
    for run in runs:
        failures = sum(problem is not None for _, _, problem in run.cases)
        seconds = sum(seconds for _, seconds, _ in run.cases)
        suite = ElementTree.SubElement(
            suites, "testsuite", name=run.title, tests=str(len(run.cases)), failures=str(failures), time=f"{seconds:.3f}"
        )
        for name, seconds, problem in run.cases:
            case = ElementTree.SubElement(suite, "testcase", classname=run.title, name=name, time=f"{seconds:.3f}")
            if problem is not None:
                ElementTree.SubElement(case, "failure", message=problem)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def main():
    options = arguments()
    paths = list(selected(options.folder, options.names))
    if not paths:
        names = " ".join(options.names) or "any name"
        sys.exit(f"CHAPTER_MISSING  no notebook in {options.folder} has a name that starts with {names}\n  List them: ls {options.folder}")
    runs = []

    def perform(path, note="", **environment):
        run = Run(path, str(path.relative_to(options.folder)) + note, options.timeout, **environment)
        print(run.title, flush=True)
        executed = run.execute()
        runs.append(run)
        if executed is not None:
            options.report.parent.mkdir(parents=True, exist_ok=True)
            name = str(path.relative_to(options.folder).with_suffix("")) + note
            nbformat.write(executed, options.report.parent / f"{re.sub('[/ ]', '-', name)}.ipynb")
        return run, executed

    for path in paths:
        recording = recording_of(path)
        if options.replay:
            perform(path, WIREBOOK_REPLAY=str(recording))
        elif options.record:
            recording.parent.mkdir(exist_ok=True)
            run, live = perform(path, WIREBOOK_RECORD=str(recording))
            if not run.failed:
                run, again = perform(path, " replayed", WIREBOOK_REPLAY=str(recording))
                run.compare(live, again)
        else:
            perform(path)
        write_report(options.report, runs)
    failed = [run for run in runs if run.failed]
    for run in failed:
        name, _, problem = next(case for case in run.cases if case[2] is not None)
        print(f"✕ {run.title}, {name}: {problem}")
    print(f"{len(runs) - len(failed)} notebooks passed, {len(failed)} failed; report: {options.report}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
