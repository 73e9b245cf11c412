"""`chard graph --why`: names, files, states and tags that tie two steps, with the lines that write and read.

SPDX-License-Identifier: Apache-2.0
"""
import json

from folder import FolderCase

NOTEBOOK = """# %% tags=["step:load"]
import numpy as np
np.random.seed(1)
rows = [1, 2]
alias = rows
rate = float("2")
open("notes.txt", "w").write("x")
# %% tags=["step:grow"]
alias.append(3)
# %% tags=["functions"]
def scaled():
    return [r * rate for r in rows]
# %% tags=["step:use", "prev:grow"]
print(scaled())
print(open("notes.txt").read(), np.random.rand())
# %% tags=["step:apart"]
print("alone")
# %% tags=["step:last", "prev:use"]
print("done")
"""

LOOPS = """# %% tags=["step:a"]
some = list(range(int("2")))
for row in some:
    for axis in [[]]:
        axis.append(row)
# %% tags=["step:b"]
for row in list(range(int("3"))):
    print(row)
more = [[], []]
for axis in more:
    axis.append(1)
print(more, any(axis for axis in more))
# %% tags=["step:c"]
for axis in some:
    row = axis
print(row)
"""


class Why(FolderCase):
    def setUp(self):
        super().setUp()
        self.write("nb.py", NOTEBOOK)

    def chard(self, *arguments, status=0):
        return super().chard("graph", *arguments, status=status)

    def why(self, a, b):
        return json.loads(self.chard("--format=json", "--why", a, b, "nb.py").stdout)

    def places(self, tie, key):
        return [(at["cell"], at["line"], at["how"]) for at in tie[key]]

    def test_a_change_through_an_alias(self):
        why = self.why("grow", "use")
        ties = {(t["kind"], t["name"]): t for t in why["ties"]}
        self.assertEqual(set(ties), {("data", "rows"), ("tag", "prev")})
        self.assertEqual(self.places(ties["data", "rows"], "writes"), [(1, 1, "changes")])
        self.assertEqual(self.places(ties["data", "rows"], "reads"), [(3, 1, "calls a function that reads")])

    def test_a_loop_variable_that_nobody_reads_again(self):
        self.write("loops.py", LOOPS)
        for a, b, names in (("a", "b", {"row"}), ("a", "c", {"some"}), ("b", "c", {"row"})):
            run = self.chard("--format=json", "--why", a, b, "loops.py")
            self.assertEqual({t["name"] for t in json.loads(run.stdout)["ties"]}, names, (a, b))

    def test_values_files_and_states(self):
        ties = {(t["kind"], t["name"]): t for t in self.why("load", "use")["ties"]}
        self.assertEqual(self.places(ties["data", "rate"], "writes"), [(0, 5, "binds")])
        self.assertEqual(self.places(ties["file", "notes.txt"], "writes"), [(0, 6, "writes")])
        self.assertEqual(self.places(ties["file", "notes.txt"], "reads"), [(3, 2, "reads")])

    def test_the_text_tells_the_lines(self):
        text = self.chard("--why", "load", "grow", "nb.py").stdout
        self.assertTrue(text.startswith("grow waits for load:\n"), text)
        self.assertIn("cell 0:4 binds it: alias = rows\n", text)
        self.assertIn("cell 1:1 reads it: alias.append(3)\n", text)

    def test_through_others_and_not_at_all(self):
        self.assertEqual(self.why("load", "last")["through"], ["use"])
        self.assertIn("load -> use -> last", self.chard("--why", "load", "last", "nb.py").stdout)
        self.assertEqual(self.chard("--why", "load", "apart", "nb.py").stdout, "apart does not wait for load\n")

    def test_titles_are_names_too(self):
        """Pictures show a step that was inferred under its heading."""
        self.write("untagged.py", "# %% [markdown]\n# ## Load the data\n# %%\nx = list(range(3))\n# %% [markdown]\n# ## Any left?\n# %%\nprint(x)\n")
        text = self.chard("untagged.py").stdout
        self.assertRegex(text, "(?m)^ +2 +any-left .* load-the-data: x$")
        self.assertEqual(self.chard("--why", "Load the data", "Any left?", "untagged.py").stdout,
                         self.chard("--why", "load-the-data", "any-left", "untagged.py").stdout)

    def test_mistakes(self):
        self.assertIn("no step “lunch”; the notebook has load, ", self.chard("--why", "load", "lunch", "nb.py", status=2).stderr)
        self.chard("--why", "load", "nb.py", status=2)
