"""`chard runs get`: what steps handed on, as files.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
NOTEBOOK = """\
# %% tags=["step:load.data"]
class P:
    pass
p = P ()
shared = ["ä"]
both = {"a": shared, "b": (1, 2.5)}

# %% tags=["step:use"]
print (p, shared, both)
"""


class Get(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        with open(os.path.join(cls.folder, "a.py"), "w", encoding="utf-8") as f:
            f.write(NOTEBOOK)
        subprocess.run([CHARD, "run", "--python", sys.executable, "a.py"], cwd=cls.folder, capture_output=True, check=True)

    def get(self, *arguments, status=0):
        run = subprocess.run([CHARD, "runs", "get", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout if status == 0 else run.stderr

    def content(self, name, mode="rb"):
        with open(os.path.join(self.folder, name), mode) as f:
            return f.read()

    def test_values(self):
        self.get("load.data.both", "-o", "both.pkl")
        self.assertEqual(pickle.loads(self.content("both.pkl")), {"a": ["ä"], "b": (1, 2.5)})
        told = self.get("latest", "load.data.both", "-o", "both.json").strip()
        self.assertEqual(told, os.path.join(os.path.realpath(self.folder), "both.json"))
        self.assertEqual(json.loads(self.content("both.json")), {"a": ["ä"], "b": [1, 2.5]})
        self.get("load.data.outputs", "-o", "cells.ipynb")
        self.assertEqual(json.loads(self.content("cells.ipynb"))["nbformat"], 4)

    def test_what_there_is(self):
        told = json.loads(self.get("load.data", "--format=json"))["values"]
        self.assertEqual(told["shared"]["type"], "list")
        self.assertLessEqual({"p", "both", "outputs"}, set(told))
        self.assertIn("load.data.both {\"type\":\"dict\"", self.get("load.data.both"))

    def test_what_there_is_not(self):
        self.assertIn("there is no zz; there are: ", self.get("load.data.zz", "-o", "zz", status=3))
        self.assertIn("has no zz; chard runs get load.data tells", self.get("load.data.zz", status=2))
        self.assertIn("has no step that “train.x” begins with (STEP.NAME); its steps: ", self.get("train.x", "-o", "x", status=2))
        self.assertIn("it can't be written so: PicklingError", self.get("load.data.p", "-o", "p.pkl", status=3))
        self.assertIn("a dict isn't written as .parquet", self.get("load.data.both", "-o", "b.parquet", status=3))
        self.assertIn("No such file or directory", self.get("load.data.both", "-o", "no/b.pkl", status=3))
        self.assertEqual([f for f in os.listdir(self.folder) if "part" in f or f in ("zz", "p.pkl", "b.parquet")], [])
