"""Set-up of library state (environment, options, working directory) holds in later steps: repeated there if it depends
on nothing, else handed on like a value. Each case is held against the notebook run straight.
SPDX-License-Identifier: Apache-2.0"""
import json

from lab import PYTHON, Lab


def compare(*cells):
    """[(tag, source)] -> {step: {(input, from)}}; the pipeline computes what the notebook does."""
    with Lab() as lab:
        lab.write("nb.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [
            {"cell_type": "code", "metadata": {"tags": [tag]}, "source": source, "outputs": [], "execution_count": None}
            for tag, source in cells]}))
        compiled = lab.chard("compile", lab.path("nb.ipynb"))
        assert compiled.returncode == 0, compiled.stderr
        r = lab.chard("verify", "--format=json", "--python", PYTHON, lab.path("nb.ipynb"))
        assert r.returncode == 0 and json.loads(r.stdout)["equal"], (r.stdout, r.stderr)
        return {s["name"]: {(i["name"], i["from"]) for i in s["inputs"] if i["kind"] == "data"}
                for s in json.loads(compiled.stdout)["steps"]}


def test_what_depends_on_nothing_is_repeated():
    assert compare(("step:a", "import os\nos.environ['X'] = '1'"), ("step:b", "print(os.environ['X'])")) == {"a": set(), "b": set()}


def test_a_constant_that_no_step_owns():
    assert compare(("imports", "import os\nN = 5\nos.environ['X'] = str(N)"), ("step:a", "print(os.environ['X'])"),
                   ("step:b", "print(os.environ['X'])")) == {"a": set(), "b": set()}
    assert compare(("step:a", "import os\nN = 5\nos.environ['X'] = str(N)"), ("step:b", "print(os.environ['X'])"))["b"] == {
        ("%environ", "a")}


def test_a_parameter():
    assert compare(("parameters", "N = 5"), ("imports", "import os\nos.environ['X'] = str(N)"), ("step:a", "print(os.environ['X'])"),
                   ("step:b", "print(os.environ['X'])")) == {"a": set(), "b": set()}


def test_the_old_setting_is_kept():
    """`old = seterr (…)` binds a name: it is no line to repeat, so the state travels."""
    found = compare(("step:a", "import numpy as np, os, sys, sklearn\nold = np.seterr(all='raise')\nlimit = sys.setrecursionlimit(4000)\n"
                     "_ = sklearn.set_config(display='text')\nos.environ['K'] = '1'"),
                    ("step:b", "gone = os.environ.pop('K')\ntry:\n    r = (np.ones(1) / 0).tolist()\nexcept FloatingPointError:\n    r = 'raised'"),
                    ("step:c", "print(r, np.geterr()['divide'], sys.getrecursionlimit(), sklearn.get_config()['display'], gone, 'K' in os.environ)"))
    assert ("%numpy.errors", "a") in found["b"] and ("%environ", "b") in found["c"], found


def test_a_value_that_changes_later():
    assert compare(("step:a", "import os, json\ncfg = {'i': 0}\nos.environ['X'] = json.dumps(cfg)"),
                   ("step:b", "cfg['i'] = 1\nprint(os.environ['X'])"), ("step:c", "print(os.environ['X'], cfg)")) == {
        "a": set(), "b": {("cfg", "a"), ("%environ", "a")}, "c": {("cfg", "b"), ("%environ", "a")}}


def test_a_loop_that_sets_up_and_works():
    assert compare(("step:a", "import os\nm = []"), ("step:b", "for i in range(2):\n    os.environ['X'] = str(i)\n    m.append(i)"),
                   ("step:c", "print(os.environ['X'], m)"))["c"] == {("m", "b"), ("%environ", "b")}


def test_a_function_that_sets_up_and_works():
    assert compare(("imports", "import os"), ("functions", "def prepare(m):\n    os.environ['X'] = '1'\n    m.append(1)"),
                   ("step:a", "m = []"), ("step:b", "prepare(m)"), ("step:c", "print(os.environ['X'], m)"))["c"] == {
        ("m", "b"), ("%environ", "b")}


def test_set_up_again_afterwards():
    assert compare(("step:a", "import os\nv = [1]\nos.environ['X'] = str(v)\nv.append(2)"), ("step:b", "os.environ['X'] = 'two'"),
                   ("step:c", "print(os.environ['X'])"), ("step:d", "os.environ['Y'] = os.environ['X'] + '!'"),
                   ("step:e", "print(os.environ['X'], os.environ['Y'])"))["e"] == {("%environ", "d")}


def test_the_working_directory():
    compare(("step:a", "import os\nwanted = ['sub']"), ("step:b", "os.makedirs(wanted[0], exist_ok=True)\nos.chdir(wanted[0])"),
            ("step:c", "print(os.path.basename(os.getcwd()))"))


def test_the_search_path():
    compare(("step:a", "import sys, os\nplaces = []\nfor p in ['x', 'y']:\n    sys.path.append(os.path.abspath(p))\n    places.append(p)"),
            ("step:b", "print([os.path.basename(p) for p in sys.path[-2:]], places)"))


def test_braces_for_the_shell_are_no_names():
    inputs = compare(("step:a", "f = 3\nname = 'x'"), ("step:b", "!for f in 1 2; do echo ${{f}} {name}; done"), ("step:c", "f = 4\nprint(f)"))
    assert inputs["b"] == {("name", "a")}, inputs
    assert compare(("step:a", "x = [1, 2]"), ("step:b", "!echo {len(x)} $HOME_OF_NOBODY"))["b"] == {("x", "a")}
