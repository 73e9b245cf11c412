#!/usr/bin/env python3
"""What runs observed is known to the next compile (.chard/learned/NAME.json), while the code is as it was.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import subprocess

from lab import CHARD, PYTHON, Lab

BOX = """class Box:
    def __init__(self):
        self.items = [1]
    def poke(self):
        self.items.append(2)
        return 5
    def keep(self, items):
        self.items = items
        return 5
    def __reduce__(self):
        if len(self.items) > 3:
            raise TypeError("too many to travel")
        return object.__reduce__(self)
"""


def write(lab, *cells):
    lab.write("box.py", BOX)
    lab.write("nb.ipynb", json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags}, "source": source, "outputs": [],
                   "execution_count": None} if tags is not None else
                  {"cell_type": "markdown", "id": "c%d" % i, "metadata": {}, "source": source}
                  for i, (tags, source) in enumerate(cells)]}))


def chard(lab, *arguments):
    return subprocess.run([CHARD, *arguments, "nb.ipynb"], env=lab.env, cwd=lab.dir, capture_output=True, text=True,
                          timeout=120)


def run(lab, *arguments):
    return chard(lab, "run", "--python", PYTHON, *arguments)


def learned(lab):
    with open(lab.path(".chard", "learned", "nb.ipynb.json"), encoding="utf-8") as f:
        return json.load(f)


def producer_of(lab, step, name, *arguments):
    document = json.loads(chard(lab, "compile", "--to", "ir", *arguments).stdout)
    (found,) = [i["from"] for s in document["steps"] if s["name"] == step for i in s["inputs"] if i["name"] == name]
    return found


MAKE = (["step:make"], "from box import Box\nb = Box()")
POKE = (["step:poke"], "n = b.poke()")
READ = (["step:read"], "print(b.items)")


def test_calls_that_only_full_caches_keep_shallow():
    """f (900) alone recurses too deeply where f (450) hasn't been called before."""
    with Lab() as lab:
        write(lab, ([], "import functools\n@functools.lru_cache(None)\ndef f(n):\n    return n and n + f(n - 1)"),
              ([], "a = [f(450)]"), (None, "## second"), ([], "print(f(900))"))
        r = run(lab)
        assert r.returncode == 1 and "cell 3, line 1: RecursionError" in r.stderr, r.stderr
        r = run(lab)
        assert r.returncode == 0 and "405450" in lab.log("start"), r.stderr


def test_a_change_that_no_text_shows():
    with Lab() as lab:
        write(lab, MAKE, POKE, READ)
        r = run(lab)
        assert r.returncode == 1 and "cell 1: UndeclaredChange: it changed b" in r.stderr, r.stderr
        (poked,) = [c for c in learned(lab)["cells"] if c["changed"]]
        assert (poked["cell"], poked["changed"]) == (1, ["b"]), poked
        assert producer_of(lab, "read", "b") == "poke"
        assert producer_of(lab, "read", "b", "--no-learned") == "make"
        r = run(lab)
        assert r.returncode == 0 and lab.log("read") == "[1, 2]\n", r.stderr
        assert run(lab).returncode == 0, "known no longer, since nothing is undeclared now"
        assert run(lab, "--no-learned").returncode == 1


def test_a_change_of_what_a_changed_value_holds():
    """`b` is known to change; that `rows` lies in it, no text shows: they came from one step, or rows from one before."""
    make, keep = "from box import Box\nrows = []", "b = Box()\nb.keep(rows)\nn = len(rows)"
    for first in (((["step:make"], make + "\n" + keep),), ((["step:make"], make), (["step:keep"], keep))):
        with Lab() as lab:
            write(lab, *first, (["step:poke"], "b.poke()\nn = 1"), (["step:read"], "print(rows)"))
            assert producer_of(lab, "read", "rows") == "make"
            r = run(lab)
            assert r.returncode == 1 and "UndeclaredChange: it changed rows" in r.stderr, r.stderr
            assert producer_of(lab, "read", "rows") == "poke"
            r = run(lab)
            assert r.returncode == 0 and lab.log("read") == "[2]\n", r.stderr


def test_verify_teaches_too():
    with Lab() as lab:
        write(lab, MAKE, POKE, READ)
        assert chard(lab, "verify", "--python", PYTHON).returncode == 1
        r = chard(lab, "verify", "--python", PYTHON)
        assert r.returncode == 0, r.stdout + r.stderr


def test_facts_hold_for_the_code_they_were_seen_on():
    with Lab() as lab:
        write(lab, MAKE, POKE, READ)
        run(lab)
        write(lab, MAKE, (["step:poke"], "n = b.poke()  # the same"), READ)
        assert producer_of(lab, "read", "b") == "poke"
        write(lab, MAKE, (["step:poke"], "n = len(b.items)"), READ)
        assert producer_of(lab, "read", "b") == "make"
        write(lab, (["step:make"], "from box import Box\nb = Box()\nb.items = []"), POKE, READ)
        assert producer_of(lab, "read", "b") == "make", "what is above the cell counts too"


def test_types():
    """`.pop` of an unknown value changes it; of a class whose line says that it doesn't, it does not."""
    with Lab() as lab:
        lab.write("chard.yaml", "effects:\n  box.Box.pop: fresh\n")
        lab.write("box.py", BOX + "    def pop(self):\n        return 1\n\n\ndef make():\n    return Box()\n")
        lab_cells = (["step:make"], "import box\nb = box.make()"), (["step:use"], "n = b.pop()"), READ
        text = BOX + "    def pop(self):\n        return 1\n\n\ndef make():\n    return Box()\n"
        write(lab, *lab_cells)
        lab.write("box.py", text)
        assert producer_of(lab, "read", "b") == "use"
        r = run(lab)
        assert r.returncode == 0, r.stderr
        made = [c["values"]["b"] for c in learned(lab)["cells"] if "b" in c["values"]]
        assert [m["type"] for m in made] == ["box.Box"] and made[0]["bytes"] > 0, made
        assert producer_of(lab, "read", "b") == "make"
        assert producer_of(lab, "read", "b", "--no-learned") == "use"
        document = learned(lab)
        for cell in document["cells"]:
            for about in cell["values"].values():
                about["bytes"] = 3 << 30
        lab.write(os.path.join(".chard", "learned", "nb.ipynb.json"), json.dumps(document))
        said = chard(lab, "check")
        assert "cell 0: warning: `b`, which step \"make\" hands on, had 3.0 GiB" in said.stdout + said.stderr, said
        os.utime(lab.path("box.py"), (1, 1))
        assert producer_of(lab, "read", "b") == "use", "the class may be another since its module was written"


def test_what_can_not_travel():
    with Lab() as lab:
        write(lab, (["step:make"], "from box import Box\nb = Box()\nb.items = [1, 2, 3, 4]"), READ)
        r = run(lab)
        assert r.returncode == 1 and "Unserializable" in r.stderr, r.stderr
        r = chard(lab, "check")
        assert r.returncode == 1 and "[unserializable]" in r.stderr + r.stdout and "`b`" in r.stderr + r.stdout, r
        assert chard(lab, "check", "--no-learned").returncode == 0


def test_a_file_that_somebody_edited():
    with Lab() as lab:
        write(lab, MAKE, POKE, READ)
        run(lab)
        for text in ("", "{", "[]", "{}", '{"version": 1, "cells": 3}', '{"version": 1, "cells": [7, {"code": 1, "changed": "b"}]}',
                     '{"version": 2, "cells": []}'):
            lab.write(os.path.join(".chard", "learned", "nb.ipynb.json"), text)
            assert chard(lab, "check").returncode == 0, text
        assert run(lab).returncode == 1, "it is learned again"
        assert run(lab).returncode == 0


def test_classes_and_methods_that_other_code_changes():
    """`bump (P)` changes a class, `push` is rows.append: both are code of a module, which nobody reads."""
    with Lab() as lab:
        write(lab, (["step:make"], "import box\nclass P:\n    n = 0\nrows = [1]"), (["step:bump"], "box.bump(P)"),
              (["step:tell"], "print(P.n)"), (["step:method"], "push = box.method_of(rows)"), (["step:push"], "push(2)"),
              (["step:read"], "print(rows)"))
        lab.write("box.py", "def bump(cls):\n    cls.n += 1\n\n\ndef method_of(rows):\n    return rows.append\n")
        said = ""
        for _ in range(2):
            said += run(lab, "--keep-going").stderr
        assert "cell 1: UndeclaredChange: it changed P" in said and "cell 4: UndeclaredChange: it changed rows" in said, said
        r = run(lab, "--no-cache")
        assert r.returncode == 0, r.stderr
        assert lab.log("tell") == "1\n" and lab.log("read") == "[1, 2]\n", (lab.log("tell"), lab.log("read"))
