"""Random notebooks, run straight and as pipelines: `chard verify` must find them equal, or the compiler must have said
why they can't be. They are made of what makes dependencies hard: aliases, views, containers, changes in place, functions
that read and change globals, closures, classes, conditional bindings, loops, generators of random numbers; and of the
table in random_constructs.py.

    random_notebooks.py [COUNT [FIRST_SEED]]      CHARD_RANDOM_KEEP=DIR keeps those that differ

SPDX-License-Identifier: Apache-2.0"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from random_constructs import CONSTRUCTS, PRELUDE  # noqa: E402

CHARD = os.environ.get("CHARD", "./chard")
PYTHON = os.environ.get("CHARD_TEST_PYTHON") or os.environ.get("PYTHON") or sys.executable
NAMES = "a b c d e k m n".split()

try:
    import numpy
    Numpy = numpy.ndarray
except ImportError:
    Numpy = ()
try:
    import pandas
    Frame = pandas.DataFrame
except ImportError:
    Frame = ()
# Both are what `isinstance` takes, and no class where they are missing.


class Writer:
    """Writes statements that run: each is tried in a namespace of its own as it is written."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.space = {"__name__": "__main__"}
        self.numpy = Numpy != () and self.r.random() < .5
        self.pandas = self.numpy and Frame != () and self.r.random() < .5
        self.prelude = PRELUDE + "import numpy as np\n" * self.numpy + "import pandas as pd\n" * self.pandas
        exec(self.prelude, self.space)
        self.functions = 0

    def names(self, *types):
        found = [n for n in NAMES if n in self.space and (not types or isinstance(self.space[n], types))]
        return found

    def one(self, *types):
        found = self.names(*types)
        return self.r.choice(found) if found else None

    def value(self):
        r = self.r
        return r.choice([lambda: repr([r.randrange(9) for _ in range(r.randrange(1, 4))]),
                         lambda: repr({"k": r.randrange(9)}), lambda: str(r.randrange(99)),
                         lambda: "Box([%d])" % r.randrange(9), lambda: "[[%d], [%d]]" % (r.randrange(9), r.randrange(9)),
                         lambda: "bytearray(b'xyz')", lambda: "set([%d])" % r.randrange(9)])()

    def construct(self):
        """One of the table's, with names of the kinds that it asks for."""
        kind, template = self.r.choice(CONSTRUCTS)
        types = {"list": list, "dict": dict, "box": self.space["Box"], "array": Numpy, "frame": Frame, "tally": self.space["Tally"],
                 "method": type([].append), "partial": self.space["functools"].partial, "closure": type(lambda: 0), "any": ()}
        name = self.one(types[kind]) if types[kind] != () else kind == "any" and self.one()
        if not name:
            return None
        other = self.one(list) or name
        self.functions += 1
        return template.format(new=self.r.choice(NAMES), it=name, other=other, number=self.r.randrange(100), n=self.functions)

    def statement(self):
        if self.r.random() < .5:
            return self.construct()
        r, new = self.r, self.r.choice(NAMES)
        any_, list_, dict_, box = self.one(), self.one(list), self.one(dict), self.one(self.space["Box"])
        number = r.randrange(100)
        choices = [lambda: "%s = %s" % (new, self.value())]
        if any_:
            choices += [lambda: "%s = %s" % (new, any_), lambda: "%s = [%s, %d]" % (new, any_, number),
                        lambda: "%s = {'k': %s}" % (new, any_), lambda: "%s = Box(%s)" % (new, any_),
                        lambda: "print(%s)" % any_, lambda: "%s = copy.deepcopy(%s)" % (new, any_),
                        lambda: "if %d %% 2:\n    %s = %s\nelse:\n    print(%s)" % (number, new, any_, any_),
                        lambda: "%s, %s = %s, %s" % (new, any_, any_, any_), lambda: "%s = lambda: %s" % (new, any_),
                        lambda: "del %s" % any_ if len(self.names()) > 4 else None,
                        lambda: "try:\n    %s = %s\n    1 / 0\nexcept ZeroDivisionError as error:\n    pass" % (new, any_),
                        lambda: self.function(any_), lambda: "%s = (%s,)" % (new, any_),
                        lambda: "for i in range(2):\n    %s = [%s, i]" % (new, any_)]
        if list_:
            choices += [lambda: "%s.append(%d)" % (list_, number), lambda: "%s += [%d]" % (list_, number),
                        lambda: "%s[0] = %d" % (list_, number), lambda: "%s[0] = %s" % (list_, any_) if any_ != list_ else None,
                        lambda: "%s.append(%s)" % (list_, any_) if any_ != list_ else None,
                        lambda: "%s = %s[0]" % (new, list_), lambda: "%s = %s[:1]" % (new, list_),
                        lambda: "%s[0].append(%d)" % (list_, number), lambda: "for item in %s:\n    %s = item" % (list_, new),
                        lambda: "%s = [x for x in %s]" % (new, list_), lambda: "%s = list(%s)" % (new, list_),
                        lambda: "%s = sorted(%s, key=lambda x: type(x).__name__)" % (new, list_), lambda: "random.shuffle(%s)" % list_,
                        lambda: "%s = %s.pop()" % (new, list_) if len(self.space[list_]) > 2 else None,
                        lambda: "change(%s)" % list_ if "change" in self.space else
                        "def change(p):\n    p.append(%d)\n    return p" % number,
                        lambda: "%s = change(%s)" % (new, list_) if "change" in self.space else None,
                        lambda: "%s = map(str, %s)" % (new, list_) if r.random() < .1 else None]
        if dict_:
            choices += [lambda: "%s['k'] = %s" % (dict_, any_) if any_ != dict_ else None,
                        lambda: "%s = %s['k']" % (new, dict_), lambda: "%s.update(z=%d)" % (dict_, number),
                        lambda: "%s = %s.get('k')" % (new, dict_), lambda: "%s['k'].append(%d)" % (dict_, number),
                        lambda: "for key, item in %s.items():\n    %s = item" % (dict_, new)]
        if box:
            choices += [lambda: "%s.put(%d)" % (box, number), lambda: "%s = %s.v" % (new, box),
                        lambda: "%s = %s.get()" % (new, box), lambda: "%s.v = %s" % (box, any_) if any_ != box else None,
                        lambda: "%s = %s.seen" % (new, box), lambda: "%s = %s.put(%d)" % (new, box, number),
                        lambda: "setattr(%s, 'v', %d)" % (box, number), lambda: "Box.count += 1\nprint(Box.count)"]
        choices += [lambda: "%s = random.random()" % new, lambda: "random.seed(%d)" % number,
                    lambda: "%s = random.Random(%d)" % (new, number)]
        array, frame = self.one(Numpy), self.one(Frame)
        if self.numpy:
            choices += [lambda: "%s = np.arange(%d.)" % (new, r.randrange(3, 6)),
                        lambda: "%s = np.random.rand(3)" % new, lambda: "np.random.seed(%d)" % number,
                        lambda: "%s = np.random.default_rng(%d)" % (new, number)]
            if any_:
                choices += [lambda: "%s = np.array(%s, dtype=object)" % (new, any_)]
        if array:
            choices += [lambda: "%s = %s[1:]" % (new, array), lambda: "%s[0] = %d" % (array, number),
                        lambda: "%s += 1" % array, lambda: "%s = %s.reshape(1, -1)" % (new, array),
                        lambda: "%s = %s.T" % (new, array), lambda: "%s.sort()" % array, lambda: "%s.fill(%d)" % (array, number),
                        lambda: "np.random.shuffle(%s)" % array, lambda: "%s = np.asarray(%s)" % (new, array),
                        lambda: "np.add(%s, 1, out=%s)" % (array, array), lambda: "%s = %s.copy()" % (new, array),
                        lambda: "np.copyto(%s, %d)" % (array, number), lambda: "%s = %s.ravel()" % (new, array),
                        lambda: "%s = %s[%s > 1]" % (new, array, array), lambda: "%s = %s + 1" % (new, array)]
        if self.pandas:
            choices += [lambda: "%s = pd.DataFrame({'x': [%d, 2], 'y': [3., 4.]})" % (new, number)] * 3
        if frame:
            choices += [lambda: "%s['x'] = %d" % (frame, number), lambda: "%s.loc[0, 'y'] = %d." % (frame, number),
                        lambda: "%s = %s['x']" % (new, frame), lambda: "%s.drop(columns='y', inplace=True)" % frame,
                        lambda: "%s = %s.assign(z=1)" % (new, frame), lambda: "%s['w'] = %s['x'] * 2" % (frame, frame),
                        lambda: "%s = %s.copy()" % (new, frame), lambda: "%s.columns = [c.upper() for c in %s]" % (frame, frame),
                        lambda: "%s = %s.sort_values(%s.columns[0])" % (new, frame, frame),
                        lambda: "%s.insert(0, 'i%d', 1)" % (frame, number), lambda: "%s.fillna(0, inplace=True)" % frame,
                        lambda: "%s = %s.to_numpy()" % (new, frame), lambda: "%s = %s.values" % (new, frame),
                        lambda: "%s.pop(%s.columns[-1])" % (frame, frame), lambda: "%s.update(%s * 2)" % (frame, frame),
                        lambda: "%s = %s.groupby(%s.columns[0]).sum()" % (new, frame, frame),
                        lambda: "%s.index.name = 'n%d'" % (frame, number), lambda: "%s = %s.rename(columns=str.lower)" % (new, frame)]
        calls = [n for n in self.space if n.startswith("f_")]
        if calls:
            f = r.choice(calls)
            choices += [lambda: "%s = %s()" % (new, f), lambda: "%s()" % f, lambda: "print(%s())" % f] * 2
        return r.choice(choices)()

    def function(self, name):
        self.functions += 1
        f, r = "f_%d" % self.functions, self.r
        body = [r.choice(["return %s" % name, "global {0}\n    {0} = [{0}]\n    return 1".format(name),
                          "%s.append(7)\n    return %s" % (name, name), "return [%s]" % name,
                          "def inner(): return %s\n    return inner" % name])]
        return "def %s():\n    %s" % (f, "\n    ".join(body))

    def endless(self, text):
        """numpy takes for ever over a list that holds itself, and over what only looks like a sequence."""
        found = re.search(r"np\.array\((\w+), dtype=object\)", text)
        value = self.space[found.group(1)] if found else []
        return not isinstance(value, (list, tuple)) or "[...]" in repr(value)

    def write(self, count):
        lines = ["random.seed(1)" + "\nnp.random.seed(1)" * self.numpy]
        exec(lines[0], self.space)
        for _ in range(60 * count):     # there may come a state in which no statement will do any more
            if len(lines) == count:
                break
            text = self.statement()
            if text is None or self.endless(text):
                continue
            try:
                with open(os.devnull, "w") as null:
                    old, sys.stdout = sys.stdout, null
                    try:
                        exec(text, self.space)
                        repr([self.space[n] for n in self.names()])
                    finally:
                        sys.stdout = old
            except Exception:
                continue
            lines.append(text)
        return lines


def cells(seed):
    r = random.Random(seed)
    writer = Writer(seed)
    lines = writer.write(r.randrange(6, 26))
    made, steps = [], 0
    while lines:
        n = r.randrange(1, 4)
        if not made or r.random() < .96:
            steps += 1
            name = "s%d" % steps
        else:
            name = "s%d" % r.randrange(1, steps + 1)  # cells of one step apart
        made.append((["step:" + name], "\n".join(lines[:n])))
        del lines[:n]
    end = "\n".join("try:\n    print(%s if not callable(%s) else %s())\nexcept (NameError, TypeError):\n    print('nothing')" % (n, n, n)
                    for n in NAMES)
    return [(["imports"], writer.prelude)] + made + [(["step:end"], end)]


def runs_straight(made):
    space = {"__name__": "__main__"}
    try:
        with open(os.devnull, "w") as null:
            old, sys.stdout = sys.stdout, null
            try:
                for _, source in made:
                    exec(source, space)
            finally:
                sys.stdout = old
        return True
    except Exception:
        return False


def verify(directory, made):
    path = os.path.join(directory, "nb.ipynb")
    with open(path, "w") as f:
        json.dump({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
            {"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags}, "source": source, "outputs": [],
             "execution_count": None} for i, (tags, source) in enumerate(made)]}, f)
    r = subprocess.run([CHARD, "verify", "--format=json", "--python", PYTHON, path], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=120)
    try:
        answer = json.loads(r.stdout)
    except ValueError:
        answer = None
    return r, answer


def judge(made, keep=None):
    """How Chard dealt with the notebook: ("equal" | "refused" | "differ", what it said)."""
    with tempfile.TemporaryDirectory(prefix="chard-random-") as directory:
        r, answer = verify(directory, made)
        if r.returncode == 0 and answer and answer["equal"]:
            return "equal", ""
        if r.returncode == 1 and not answer and ("error:" in r.stderr or "[unresolved-name]" in r.stderr):
            return "refused", [line for line in r.stderr.splitlines() if "error:" in line or "warning:" in line][0]
        if r.returncode == 1 and "Unserializable: " in r.stderr:
            return "refused", [line for line in r.stderr.splitlines() if "Unserializable: " in line][0]
        if keep:
            os.makedirs(os.path.dirname(keep), exist_ok=True)
            shutil.copy(os.path.join(directory, "nb.ipynb"), keep)
        return "differ", (r.stdout + r.stderr)[:3000]


def runnable(count, first):
    """The first `count` seeds from `first` on whose notebooks run straight through, with their cells."""
    seed = first
    while count:
        made = cells(seed)
        if runs_straight(made):
            count -= 1
            yield seed, made
        seed += 1


class RandomNotebooks(unittest.TestCase):
    """A test a seed."""


def add_test(seed, made):
    def test(self):
        verdict, said = judge(made)
        self.assertNotEqual(verdict, "differ", said)
    setattr(RandomNotebooks, "test_seed_%d" % seed, test)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    keep, tally = os.environ.get("CHARD_RANDOM_KEEP"), {"equal": 0, "refused": 0, "differ": 0}
    for seed, made in runnable(count, first):
        verdict, said = judge(made, keep and os.path.join(keep, "%d.ipynb" % seed))
        tally[verdict] += 1
        print("seed %d: %s %s" % (seed, verdict, said), flush=True)
    print("%(equal)d equal, %(refused)d refused, %(differ)d differ" % tally)
    sys.exit(1 if tally["differ"] else 0)


if __name__ == "__main__":
    main()
else:
    for seed, made in runnable(25, 1):
        add_test(seed, made)
