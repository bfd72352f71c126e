"""What graders and CI stand on: nbclient's and nbgrader's view of the kernel's errors, results and interrupts."""

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
    """On its timeout nbgrader interrupts, and needs `idle` within 4 seconds."""

    def check(self, source):
        began = {}
        cells = run(
            "const before = 1;",
            source,
            "before + 1",
            timeout_func=lambda cell: TIMEOUT if cell.source == source else 60,
            on_cell_execute=lambda cell, cell_index: began.setdefault(cell_index, time.monotonic()),
        )
        self.assertLess(began[2] - began[1], TIMEOUT + 4)
        self.assertEqual(cells[1].outputs[-1].ename, "Interrupted")
        self.assertEqual(cells[2].outputs[0].data["text/plain"], "2")

    def test_busy_loop(self):
        self.check("while (true) {}")

    def test_busy_loop_after_an_await(self):
        self.check("await null; while (true) {}")

    def test_pending_await(self):
        self.check("await new Promise(() => {})")

    def test_hanging_child_process(self):
        self.check('require("child_process").execSync("sleep 100")')


class Grades(unittest.TestCase):
    def test_a_number_is_the_score(self):
        self.assertEqual(grade(run("0.5")[0]), (0.5, 4))
        self.assertEqual(grade(run("const points = 2;\npoints")[0]), (2, 4))

    def test_no_result_is_full_marks(self):
        self.assertEqual(grade(run("const x = 1;")[0]), (4, 4))

    def test_stdout_does_not_count(self):
        self.assertEqual(grade(run('console.log("3")')[0]), (4, 4))

    def test_an_error_is_nothing(self):
        for source in ('throw new Error("x")', "const n: number = 's'", "process.exit(0)"):
            self.assertEqual(grade(run(source)[0]), (0, 4), source)

    def test_stderr_is_nothing(self):
        self.assertEqual(grade(run('console.error("x")')[0]), (0, 4))

    def test_packages_that_are_modules_put_nothing_on_stderr(self):
        cell = run('import("node:fs/promises").then((m) => typeof m.readFile)')[0]
        self.assertEqual([o for o in cell.outputs if o.output_type == "stream"], [])


class Errors(unittest.TestCase):
    def test_nbclient_stops_and_names_the_error(self):
        nb = notebook("1", 'throw new RangeError("on purpose\\n  Do this.")', "3")
        with self.assertRaises(CellExecutionError) as caught:
            NotebookClient(nb, kernel_name="wirebook").execute()
        self.assertEqual(caught.exception.ename, "RangeError")
        self.assertEqual(caught.exception.evalue, "on purpose\n  Do this.")
        self.assertTrue(caught.exception.traceback.rstrip().endswith("RangeError: on purpose\n  Do this."))
        self.assertEqual(nb.cells[1].outputs[0].output_type, "error")
        self.assertEqual(nb.cells[2].outputs, [])

    def test_outputs_keep_their_order(self):
        (cell,) = run('console.log("a"); console.error("b"); console.log("c"); display(1); console.log("d"); 2')
        kinds = [o.get("text", None) or o.data["text/plain"] for o in cell.outputs]
        self.assertEqual(kinds, ["a\n", "b\n", "c\n", "1", "d\n", "2"])

    def test_an_output_is_updated_in_place(self):
        (cell,) = run('for (let i = 0; i < 5; i++) { display(i, { id: "p", update: true }); await null }')
        self.assertEqual([o.data["text/plain"] for o in cell.outputs], ["4"])


if __name__ == "__main__":
    unittest.main()
