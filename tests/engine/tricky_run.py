"""Runs ../shared/notebooks/tricky as pipelines and compares what the last step prints behind RESULT= with what the
notebook prints when it is run from top to bottom (truth.json's sequential_result). Skipped where ../shared isn't there.
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
    def run_notebook(self, name, wanted):
        with tempfile.TemporaryDirectory() as directory:
            notebook = shutil.copy(os.path.join(TRICKY, name + ".ipynb"), directory)
            python = os.environ.get("CHARD_TEST_PYTHON", sys.executable)
            run = subprocess.run([CHARD, "run", "--python", python, notebook], capture_output=True, text=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            printed = ""
            for log in glob.glob(os.path.join(directory, ".chard", "runs", "*", "steps", "*", "stdout.log")):
                with open(log, encoding="utf-8") as f:
                    printed += f.read()
            self.assertIn("RESULT=" + wanted, printed)


def add_case(name, truth):
    setattr(TrickyRun, "test_" + name, lambda self: self.run_notebook(name, truth["sequential_result"]))


if os.path.isdir(TRICKY):
    with open(os.path.join(TRICKY, "truth.json"), encoding="utf-8") as f:
        for case, truth in sorted(json.load(f).items()):
            if not truth["cannot_be_marshalled"]:
                add_case(case, truth)
else:
    setattr(TrickyRun, "test_they_are_there", lambda self: None)  # shown as skipped
