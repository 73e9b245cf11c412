"""Rules of the analysis, each seen on small notebooks: tests/engine/rules/*.py, percent scripts of which every cell is a
step of its own (cells of imports alone are tagged `imports`). `chard verify` must find them equal to the straight run,
in that form and (with CHARD_TESTS=all) with no tags at all. Where cells share what can't travel, so that tags would be refused, a
script says `# form: untagged` above its first cell.

    rules.py FILE…      the same for scripts of your own, with what verify says

SPDX-License-Identifier: Apache-2.0"""
import ast
import glob
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")
PYTHON = os.environ.get("CHARD_TEST_PYTHON") or os.environ.get("PYTHON") or sys.executable
HERE = os.path.join(os.environ.get("TOP", "."), "tests", "engine", "rules")
ALL = os.environ.get("CHARD_TESTS") == "all" or __name__ == "__main__"
FORMS = ("tagged", "untagged") if ALL else ("tagged",)
LIBRARIES = ("PIL", "joblib", "lightgbm", "matplotlib", "networkx", "numpy", "pandas", "scipy", "sklearn", "tqdm", "traitlets")


def cells(path):
    """The texts of a percent script's cells; what stands above the first `# %%` is for people."""
    with open(path, encoding="utf-8") as f:
        return [part.split("\n", 1)[1].strip("\n") for part in f.read().split("\n# %%")[1:]]


def forms(path):
    with open(path, encoding="utf-8") as f:
        return ("untagged",) if "# form: untagged" in f.read().split("\n# %%")[0] else FORMS


def only_imports(source):
    try:
        return all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in ast.parse(source).body)
    except SyntaxError:
        return False


def tags(source, number, form):
    if form == "untagged":
        return []
    return ["imports"] if only_imports(source) else ["step:s%d" % number]


def write_notebook(path, sources, form):
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
            {"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags(source, i, form)}, "source": source,
             "outputs": [], "execution_count": None} for i, source in enumerate(sources)]}, f)


def verify(sources, form):
    """(whether all is equal, what was said)"""
    with tempfile.TemporaryDirectory(prefix="chard-rules-") as directory:
        path = os.path.join(directory, "nb.ipynb")
        write_notebook(path, sources, form)
        r = subprocess.run([CHARD, "verify", "--python", PYTHON, path], capture_output=True, text=True, timeout=300)
        return r.returncode == 0 and "not deterministic" not in r.stdout, r.stdout + r.stderr


def missing(sources):
    """A library that the notebook needs and this Python lacks, or None."""
    needed = {name for name in LIBRARIES for source in sources if "import %s" % name in source or "from %s" % name in source}
    return next((name for name in sorted(needed) if not importlib.util.find_spec(name)), None)


class Rules(unittest.TestCase):
    """A test a script and form."""


def add_test(path, form):
    def test(self):
        sources = cells(path)
        if missing(sources):
            self.skipTest("%s is not installed" % missing(sources))
        equal, said = verify(sources, form)
        self.assertTrue(equal, said)
    setattr(Rules, "test_%s_%s" % (os.path.splitext(os.path.basename(path))[0], form), test)


if __name__ == "__main__":
    for script in sys.argv[1:]:
        for shape in forms(script):
            good, text = verify(cells(script), shape)
            print("%s %s: %s\n%s" % (script, shape, "equal" if good else "DIFFERS", "" if good else text), flush=True)
else:
    for script in sorted(glob.glob(os.path.join(HERE, "*.py"))):
        for shape in forms(script):
            add_test(script, shape)
