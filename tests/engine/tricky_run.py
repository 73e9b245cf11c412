"""`chard verify` over ../shared/notebooks/tricky: every value and every output must be as when the notebook is run
straight; and what is printed behind RESULT= must be truth.json's sequential_result, so that verify itself is judged too.
Skipped where ../shared isn't there.
SPDX-License-Identifier: Apache-2.0"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")
SHARED = os.environ.get("SHARED", os.path.join(os.environ.get("TOP", "."), "..", "shared"))
TRICKY = os.path.join(SHARED, "notebooks", "tricky")


@unittest.skipUnless(os.path.isdir(TRICKY), "../shared is not there")
class TrickyRun(unittest.TestCase):
    def verify_notebook(self, name, wanted):
        with tempfile.TemporaryDirectory() as directory:
            notebook = shutil.copy(os.path.join(TRICKY, name + ".ipynb"), directory)
            python = os.environ.get("CHARD_TEST_PYTHON", sys.executable)
            run = subprocess.run([CHARD, "verify", "--format=json", "--python", python, notebook], capture_output=True,
                                 text=True, timeout=300)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            answer = json.loads(run.stdout)
            self.assertTrue(answer["equal"])
            for unsure in ("nondeterministic", "nondeterministic_outputs", "skipped"):
                self.assertEqual(answer[unsure], [], "these notebooks leave nothing to chance")
            printed = ""
            for log in glob.glob(os.path.join(directory, ".chard", "runs", "*", "steps", "*", "stdout.log")):
                with open(log, encoding="utf-8") as f:
                    printed += f.read()
            self.assertIn("RESULT=" + wanted, printed)

    def refuse_notebook(self, name):
        with tempfile.TemporaryDirectory() as directory:
            notebook = shutil.copy(os.path.join(TRICKY, name + ".ipynb"), directory)
            run = subprocess.run([CHARD, "verify", notebook], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
            self.assertIn("[unserializable]", run.stderr)
            self.assertEqual(os.listdir(directory), [name + ".ipynb"], "nothing was run")


def add_case(name, truth):
    if truth["cannot_be_marshalled"]:
        setattr(TrickyRun, "test_" + name, lambda self: self.refuse_notebook(name))
    else:
        setattr(TrickyRun, "test_" + name, lambda self: self.verify_notebook(name, truth["sequential_result"]))


if os.path.isdir(TRICKY):
    with open(os.path.join(TRICKY, "truth.json"), encoding="utf-8") as f:
        for case, truth in sorted(json.load(f).items()):
            add_case(case, truth)
else:
    setattr(TrickyRun, "test_they_are_there", lambda self: None)  # shown as skipped
