"""The programs that people run notebooks with, on the example notebooks under the kernel "Python 3 (Chard)": nbclient,
nbconvert --execute, Papermill; and the debugger, as JupyterLab speaks with it.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import unittest
from importlib.util import find_spec

from install import Home
from session import TOP, Session, needs_jupyter


def needs(*modules):
    return unittest.skipUnless(all(map(find_spec, modules)), "needs " + ", ".join(modules))


def texts(notebook):
    """What its cells printed and showed, as text: one for each cell, since a print may come in pieces."""
    found = []
    for cell in notebook["cells"]:
        shown = ["".join(out.get("text", [])) or "".join(out.get("data", {}).get("text/plain", []))
                 for out in cell.get("outputs", [])]
        found.append("".join(t for t in shown if " at 0x" not in t))
    return found


ALL = os.environ.get("CHARD_TESTS") == "all"
SMALL = ["import pandas as pd\nt = pd.DataFrame({'a': [1, 2]})\nt",
         "print('sum', t.a.sum())\nfor i in range(3): print(i)"]
TAGGED = [("n = 3", ["parameters"]), ("x = list(range(n))", ["step:load"]), ("", []), ("not python", ["skip-execution", "skip"]),
          ("%chard run --no-cache\n%chard runs logs latest show", []), ("y = sum(x)", ["step:total"]),
          ("print('SUM', y)", ["step:show"])]


@needs_jupyter
class Examples(Home):
    """Each program runs them, and what they print is what they print under ipykernel alone."""

    def setUp(self):
        super().setUp()
        self.installed("--no-shim")
        self.notebooks = ["wine", "digits"] if ALL else ["small"]  # the examples take a while
        for name in self.notebooks:
            if ALL:
                shutil.copy(os.path.join(TOP, "examples", name + ".ipynb"), self.home)
            else:
                self.write(os.path.join(self.home, name + ".ipynb"), [(source, []) for source in SMALL])

    def write(self, path, cells):
        cells = [{"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None}
                 for source, tags in cells]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": spec}, "cells": cells}, f)

    def python(self, *words):
        done = subprocess.run([self.interpreter, *words], cwd=self.home, env={**self.env, "MPLBACKEND": "agg"},
                              capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done

    def printed(self, name):
        with open(os.path.join(self.home, name), encoding="utf-8") as f:
            notebook = json.load(f)
        self.assertTrue(all(c.get("execution_count") for c in notebook["cells"] if c["cell_type"] == "code"))
        return texts(notebook)

    def write_tagged(self):
        """A notebook that runs itself: all of its steps, though only its first cells have run by then."""
        os.makedirs(os.path.join(self.home, "sub"))
        self.write(os.path.join(self.home, "sub", "tagged.ipynb"), TAGGED)

    def see_steps(self, name, total):
        with open(os.path.join(self.home, "sub", name), encoding="utf-8") as f:
            run = texts(json.load(f))[-3]
        self.assertRegex(run, name + ": ok, 3 of 3 steps")
        self.assertIn("SUM %d" % total, run)

    @needs("nbconvert", "nbclient", "sklearn")
    def test_nbconvert(self):
        for notebook in self.notebooks:
            both = []
            for kernel in "python3", "chard":
                self.python("-m", "nbconvert", "--to", "notebook", "--execute", notebook + ".ipynb", "--output", kernel,
                            "--ExecutePreprocessor.kernel_name=" + kernel)
                both.append(self.printed(kernel + ".ipynb"))
            self.assertEqual(both[1], both[0])
            self.assertTrue(any(both[1]))

    @needs("nbclient", "sklearn")
    def test_nbclient(self):
        for notebook in self.notebooks:
            self.python("-c", "from nbclient.cli import main; main()", "--kernel_name=chard", "--inplace",
                        notebook + ".ipynb")
            self.assertTrue(any(self.printed(notebook + ".ipynb")))
        self.write_tagged()
        self.python("-c", "from nbclient.cli import main; main()", "--kernel_name=chard", "--inplace", "sub/tagged.ipynb")
        self.see_steps("tagged.ipynb", 3)

    @needs("papermill", "sklearn")
    def test_papermill(self):
        for notebook in self.notebooks:
            self.python("-m", "papermill", "-k", "chard", "--no-progress-bar", notebook + ".ipynb", "out.ipynb")
            self.assertTrue(any(self.printed("out.ipynb")))
        self.write_tagged()
        self.python("-m", "papermill", "-k", "chard", "--no-progress-bar", "--cwd", "sub", "-p", "n", "5",
                    "sub/tagged.ipynb", os.path.join(self.home, "sub", "five.ipynb"))
        self.see_steps("five.ipynb", 10)


@needs_jupyter
class Debugger(unittest.TestCase):
    def setUp(self):
        self.session = Session()
        self.addCleanup(self.session.close)
        self.kc = self.session.kc
        self.count = 0

    def ask(self, command, **arguments):
        self.count += 1
        content = {"type": "request", "seq": self.count, "command": command, "arguments": arguments}
        m = self.kc.session.msg("debug_request", content)
        self.kc.session.send(self.kc.control_channel.socket, m)
        while True:
            reply = self.kc.get_control_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == m["header"]["msg_id"]:
                self.assertTrue(reply["content"].get("success"), reply["content"])
                return reply["content"].get("body") or {}

    def event(self, name):
        while True:
            m = self.kc.get_iopub_msg(timeout=60)
            if m["msg_type"] == "debug_event" and m["content"]["event"] == name:
                return m["content"]["body"]

    def test_stops_at_a_breakpoint(self):
        code = "def double(n):\n    half = n * 2\n    return half\nprint(double(21))"
        self.ask("initialize", clientID="test", adapterID="", pathFormat="path", linesStartAt1=True,
                 columnsStartAt1=True)
        self.ask("attach")
        source = self.ask("dumpCell", code=code)["sourcePath"]
        points = self.ask("setBreakpoints", source={"path": source}, breakpoints=[{"line": 3}], sourceModified=False)
        self.assertTrue(points["breakpoints"][0]["verified"])
        self.ask("configurationDone")
        self.kc.execute(code)
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        self.assertEqual((frame["name"], frame["line"]), ("double", 3))
        scope = self.ask("scopes", frameId=frame["id"])["scopes"][0]
        values = {v["name"]: v["value"] for v in
                  self.ask("variables", variablesReference=scope["variablesReference"])["variables"]}
        self.assertEqual((values["n"], values["half"]), ("21", "42"))
        self.ask("continue", threadId=thread)
        while True:
            m = self.kc.get_iopub_msg(timeout=60)
            if m["msg_type"] == "stream":
                break
        self.assertEqual(m["content"]["text"].strip(), "42")
        self.ask("disconnect", restart=False, terminateDebuggee=False)
