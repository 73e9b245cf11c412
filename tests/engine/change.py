#!/usr/bin/env python3
"""A step that changes a value which the compiler took as only read: found at run time, whatever the value is. Where a
step behind it got the value unchanged the run fails, also from the cache; where nobody did, it is noted.
SPDX-License-Identifier: Apache-2.0"""
import json
import subprocess

from lab import CHARD, PYTHON, Lab

# A module beside the notebook: its methods are no method that the analysis knows.
BOX = """class Box:
    def __init__(self):
        self.items = [1]
    def poke(self):
        self.items.append(2)
        return 5


def behind_its_back(source):
    import sys
    exec(source, sys._getframe(1).f_globals)
"""


def write(lab, *cells):
    lab.write("box.py", BOX)
    lab.write("nb.ipynb", json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags}, "source": source, "outputs": [],
                   "execution_count": None} for i, (tags, source) in enumerate(cells)]}))


def run(lab, *arguments):
    return subprocess.run([CHARD, "run", "--python", PYTHON, *arguments, "nb.ipynb"], env=lab.env, cwd=lab.dir,
                          capture_output=True, text=True, timeout=120)


MAKE = (["step:make"], "from box import Box\nb = Box()")
POKE = (["step:poke"], "n = b.poke()")
READ = (["step:read"], "print(b.items)")


def test_the_readers_behind_it_were_deceived():
    with Lab() as lab:
        write(lab, MAKE, POKE, READ)
        for arguments in (["--no-learned"], ["--no-learned"], ["--no-learned", "--isolated"],
                          ["--no-learned", "-k"]):             # again and again: it is not to be forgotten
            r = run(lab, *arguments)
            assert r.returncode == 1, r.stderr
            end = lab.ends()["poke"]
            assert end["status"] == "failed", end
            assert (end["error"]["type"], end["error"]["cell"]) == ("UndeclaredChange", 1), end
            assert end["changed"] == [{"name": "b", "cell": 1, "from": "make", "used_by": ["read"]}], end
            assert "nb.ipynb, cell 1: UndeclaredChange: it changed b" in r.stderr and "step read" in r.stderr, r.stderr
            assert "hint: say that b comes from there: put the line `b = b`" in r.stderr, r.stderr


def test_the_way_out_that_is_told():
    with Lab() as lab:
        write(lab, MAKE, (["step:poke"], "n = b.poke()\nb = b"), READ)
        r = run(lab)
        assert r.returncode == 0, r.stderr
        assert lab.log("read") == "[1, 2]\n"


# A module that keeps a list of its own, which its functions change.
KEPT = """rows = []


def add(x):
    rows.append(x)
"""


def test_what_a_module_keeps():
    """Found where a step behind imports it; the next compile has it handed on, as it does where the text shows it."""
    with Lab() as lab:
        lab.write("kept.py", KEPT)
        write(lab, (["imports"], "import kept"), (["step:one"], "kept.add(1)"), (["step:two"], "kept.rows.append(2)"),
              (["step:read"], "print(kept.rows)"))
        r = run(lab)
        assert r.returncode == 1, r.stderr
        assert "cell 1: UndeclaredChange: it changed what the module kept keeps; step two" in r.stderr, r.stderr
        r = run(lab)
        assert r.returncode == 0, r.stderr
        assert lab.log("read") == "[1, 2]\n", lab.log("read")


def test_nobody_reads_it_later():
    with Lab() as lab:
        write(lab, MAKE, (["step:read"], "print(b.items)"), (["step:poke"], "n = b.poke()"), (["step:last"], "print(n)"))
        r = run(lab)
        assert r.returncode == 0, r.stderr
        assert lab.log("read") == "[1]\n"
        assert lab.ends()["poke"]["changed"][0]["used_by"] == []
        notes = [e["text"] for e in lab.events() if e["event"] == "run.note"]
        assert len(notes) == 1 and "step poke: cell 2 changed b" in notes[0], notes
        assert notes[0] in r.stderr


def test_a_reader_that_comes_later_finds_a_cached_change():
    """Kept in the cache while it was harmless, it no longer is."""
    with Lab() as lab:
        write(lab, MAKE, POKE)
        assert run(lab).returncode == 0
        write(lab, MAKE, POKE, READ)
        r = run(lab, "--no-learned")
        assert r.returncode == 1, r.stderr
        assert lab.ends()["poke"]["error"]["type"] == "UndeclaredChange"
        assert lab.ends()["read"]["status"] != "ok"


def test_one_of_several_cells():
    with Lab() as lab:
        write(lab, MAKE, POKE, (["step:poke"], "m = n"), READ)
        r = run(lab)
        assert r.returncode == 1, r.stderr
        assert "one of the cells 1, 2 changed b" in lab.ends()["poke"]["error"]["message"], lab.ends()["poke"]


def test_values_of_many_kinds():
    """Through a hidden path, so that only the fingerprint can tell."""
    kinds = (("x = [0] * 10", "x[3] = 1"), ("x = {'a': {1, 2}}", "x['a'].add(3)"), ("x = bytearray(1 << 16)", "x[60000] = 7"),
             ("import numpy as np\nx = np.zeros(1 << 16)", "x[60000] = 1"),
             ("import numpy as np\nx = {'deep': [np.zeros((300, 300))]}", "x['deep'][0][299, 299] = 1"),
             ("import pandas as pd\nx = pd.DataFrame({'a': range(1000), 's': ['t'] * 1000})", "x.loc[999, 'a'] = -1"),
             ("import pandas as pd\nx = pd.DataFrame({'a': range(1000), 's': ['t'] * 1000})", "x['new'] = 1"))
    for made, change in kinds:
        with Lab() as lab:
            write(lab, (["step:make"], made), (["step:change"], "from box import behind_its_back\nlen(x)\nbehind_its_back(%r)" % change),
                  (["step:read"], "print(len(x))"))
            r = run(lab)
            assert r.returncode == 1 and lab.ends()["change"]["error"]["type"] == "UndeclaredChange", (change, r.stderr)


def test_reading_is_no_change():
    with Lab() as lab:
        write(lab, (["step:make"], "import numpy as np, pandas as pd\nx = np.arange(1e6)\nd = pd.DataFrame({'a': x, 's': 't'})\n"
                                   "l = [{'k': i} for i in range(1000)]"),
              (["step:use"], "print(x.sum(), x[::2].mean(), d.a.max(), len(d.query('a > 5')), sum(i['k'] for i in l))"),
              (["step:read"], "print(x[-1], len(d), l[3])"))
        r = run(lab)
        assert r.returncode == 0, r.stderr
        assert not any("changed" in e for e in lab.ends().values())
