"""Runs Jupyter's conformance tests (jupyter_kernel_test) with the kernel."""

import unittest

import jupyter_kernel_test as jkt


class Welcome(jkt.IopubWelcomeTests):
    kernel_name = "wirebook"
    support_iopub_welcome = True


class TypeScriptKernel(jkt.KernelTests):
    kernel_name = "wirebook"
    language_name = "typescript"

    def flush_channels(self):
        """Waits for the end of a request, so that every earlier message has arrived.

        The original waits for 0.1 s without a message. On a busy machine, a message of the previous test may come later.
        """
        request = self.kc.kernel_info()
        while True:
            reply = self.kc.get_shell_msg(timeout=jkt.TIMEOUT)
            jkt.validate_message(reply)
            if reply["parent_header"].get("msg_id") == request:
                break
        while True:
            message = self.kc.get_iopub_msg(timeout=jkt.TIMEOUT)
            jkt.validate_message(message)
            own = message["parent_header"].get("msg_id") == request
            if own and message["content"].get("execution_state") == "idle":
                break

    file_extension = ".ts"

    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("test")'
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[1, 2].map((n) => n * n)", "result": "[ 1, 4 ]"},
    ]
    code_display_data = [
        {
            "code": 'display({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "p", "image/png": Buffer.from("x") }) })',
            "mime": "image/png",
        },
        {
            "code": 'display({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "p", "text/html": "<b>p</b>" }) })',
            "mime": "text/html",
        },
    ]
    code_generate_error = 'throw new Error("on purpose")'
    code_inspect_sample = "Math.max"
    completion_samples = [
        {"text": "consol", "matches": {"console"}},
        {"text": "Math.ma", "matches": {"max"}},
    ]
    complete_code_samples = ["1", 'console.log("hello, world")', "const f = (x: number) => {\n  return x * 2;\n};\n"]
    incomplete_code_samples = ["const text = `one", "function f(x: number) {", "f(1,"]
    invalid_code_samples = ["let = = 3", "f)"]
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "1 + 2*"
    code_page_something = "Math.max?"
    code_clear_output = 'console.log("old"); display.clear(true); console.log("new")'


if __name__ == "__main__":
    unittest.main()
