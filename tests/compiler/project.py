"""chard.yaml: a project's own lines about what its libraries do.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")
NOTEBOOK = "# %%\nimport mylib\nrows = mylib.load()\n# %%\nmylib.scale(rows)\n# %%\nprint(rows)\n"


class Project(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "below"))
        self.write("below/nb.py", NOTEBOOK)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def chard(self, *arguments):
        return subprocess.run([CHARD, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def writer_of_rows(self):
        """The cell that the last cell gets rows from."""
        edges = json.loads(self.chard("graph", "--cells", "--format=json", "below/nb.py").stdout)["edges"]
        return [e["from"] for e in edges if e["to"] == 2 and "rows" in e["names"]]

    def test_effects_of_the_project_count(self):
        self.assertEqual(self.writer_of_rows(), [0])
        self.write("chard.yaml", "effects:\n  mylib.scale: mutates=0\n")
        self.assertEqual(self.writer_of_rows(), [1])
        self.write("below/chard.yaml", "effects: {}\n")  # the nearest one is the notebook's
        self.assertEqual(self.writer_of_rows(), [0])

    def test_mistakes_are_told(self):
        for text in ("effects:\n  mylib.scale: mutilates=0\n", "effects: 7\n", "effects: [\n", "effects:\n  a: 7\n"):
            with self.subTest(text):
                self.write("chard.yaml", text)
                run = self.chard("check", "--format=json", "below/nb.py")
                self.assertEqual(run.returncode, 1)
                self.assertEqual([d["rule"] for d in json.loads(run.stdout)], ["project-file"])
