"""What graders and CI rely on: errors, results and interrupts as nbclient and nbgrader see them."""

import logging
import time
import unittest

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader.utils import determine_grade

TIMEOUT = 3


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def run(*sources, **options):
    """Runs cells as nbgrader's autograde does."""
    nb = notebook(*sources)
    client = NotebookClient(
        nb,
        kernel_name="wirebook",
        allow_errors=True,
        interrupt_on_timeout=True,
        raise_on_iopub_timeout=True,
        error_on_timeout={"ename": "CellTimeoutError", "evalue": "", "traceback": ["no reply"]},
        **options,
    )
    client.execute()
    return nb.cells


def grade(cell, points=4):
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "locked": True, "grade_id": "t", "points": points}
    return determine_grade(cell, logging.getLogger())


class Timeouts(unittest.TestCase):
    def test_idle_arrives_in_time_and_variables_stay(self):
        """After a timeout, nbgrader interrupts the kernel and needs `idle` within 4 seconds."""
        endless = [
            "while (true) {}",
            "await null; while (true) {}",
            "await new Promise(() => {})",
            'require("child_process").execSync("sleep 100")',
        ]
        started = {}
        cells = run(
            "const before = 1;",
            *endless,
            "before + 1",
            timeout_func=lambda cell: TIMEOUT if cell.source in endless else 60,
            on_cell_execute=lambda cell, cell_index: started.setdefault(cell_index, time.monotonic()),
        )
        for at, source in enumerate(endless, 1):
            with self.subTest(source):
                self.assertEqual(cells[at].outputs[-1].ename, "Interrupted")
                self.assertLess(started[at + 1] - started[at], TIMEOUT + 4)
        self.assertEqual(cells[-1].outputs[0].data["text/plain"], "2")


class Grades(unittest.TestCase):
    def test_cells_get_their_points(self):
        cases = [
            ("a number is the score", "0.5", 0.5),
            ("a variable can hold the score", "const points = 2;\npoints", 2),
            ("no result means full points", "const x = 1;", 4),
            ("stdout does not count", 'console.log("3")', 4),
            ("an error scores 0", 'throw new Error("x")', 0),
            ("a type error scores 0", "const n: number = 's'", 0),
            ("text on stderr scores 0", 'console.error("x")', 0),
            ("a module's warnings are not on stderr", 'process.emitWarning("soon", "ExperimentalWarning"); 3', 3),
            ("the end of the process scores 0", "process.exit(0)", 0),
        ]
        cells = run(*(source for _, source, _ in cases))
        for (name, _, points), cell in zip(cases, cells):
            with self.subTest(name):
                self.assertEqual(grade(cell), (points, 4))


class Errors(unittest.TestCase):
    def test_nbclient_stops_and_reports_the_error(self):
        nb = notebook("1", 'throw new RangeError("on purpose\\n  Do this.")', "3")
        with self.assertRaises(CellExecutionError) as caught:
            NotebookClient(nb, kernel_name="wirebook").execute()
        self.assertEqual(caught.exception.ename, "RangeError")
        self.assertEqual(caught.exception.evalue, "on purpose\n  Do this.")
        self.assertTrue(caught.exception.traceback.rstrip().endswith("RangeError: on purpose\n  Do this."))
        self.assertEqual(nb.cells[1].outputs[0].output_type, "error")
        self.assertEqual(nb.cells[2].outputs, [])

    def test_outputs_keep_their_order_and_are_updated_in_place(self):
        ordered, updated = run(
            'console.log("a"); console.error("b"); console.log("c"); display(1); console.log("d"); 2',
            'for (let i = 0; i < 5; i++) { display(i, { id: "p", update: true }); await null }',
        )
        kinds = [o.get("text", None) or o.data["text/plain"] for o in ordered.outputs]
        self.assertEqual(kinds, ["a\n", "b\n", "c\n", "1", "d\n", "2"])
        self.assertEqual([o.data["text/plain"] for o in updated.outputs], ["4"])


if __name__ == "__main__":
    unittest.main()
