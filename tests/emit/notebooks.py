"""What the tests of emitted documents share: notebooks, local runs of them, and the comparison of values.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

from bytecode import compiled

CHARD = os.environ.get("CHARD", "./chard")
TOP = os.path.abspath(os.environ.get("TOP", "."))
SHARED = os.environ.get("SHARED", os.path.join(TOP, "..", "shared"))
PYTHON = os.environ.get("CHARD_TEST_PYTHON", sys.executable)
HARNESS = os.path.join(os.environ.get("CHARD_TEMPLATES", os.path.join(TOP, "templates")), "step.py")
STARTED = compiled(HARNESS, PYTHON)      # what runs in place of /chard/step.py
TRICKY = os.path.join(SHARED, "notebooks", "tricky")
KALE = os.path.join(SHARED, "notebooks", "kale")


def tricky():
    """{case: what it prints behind RESULT=} of those that can run as a pipeline."""
    try:
        with open(os.path.join(TRICKY, "truth.json"), encoding="utf-8") as f:
            truth = json.load(f)
    except FileNotFoundError:
        return {}
    return {case: t["sequential_result"] for case, t in sorted(truth.items()) if not t["cannot_be_marshalled"]}


def kale():
    return [os.path.relpath(p, KALE) for p in sorted(glob.glob(os.path.join(KALE, "**", "*.ipynb"), recursive=True))]


def sample(items):
    """All of them if CHARD_TESTS=all, as ./bootstrap check has it once; else every sixth, for the sake of time."""
    items = list(items)
    return items if os.environ.get("CHARD_TESTS") == "all" else items[::6]


def notebook(*cells, metadata=None):
    """A notebook's text: cells are (tags, source)."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": [
        {"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": list(tags)}, "outputs": [], "execution_count": None,
         "source": source} for i, (tags, source) in enumerate(cells)]})


class Folder:
    """A notebook in a directory of its own, with what lies beside it, and what is made of it."""

    def __init__(self, path=None, text=None):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="chard-emit-"))
        if path:
            self.work = os.path.join(self.dir, "work")
            shutil.copytree(os.path.dirname(path), self.work, ignore=shutil.ignore_patterns(".chard"))
            subprocess.run(["chmod", "-R", "u+w", self.work], check=True)
            self.notebook = os.path.join(self.work, os.path.basename(path))
        else:
            self.work = self.dir
            self.notebook = os.path.join(self.dir, "nb.ipynb")
            with open(self.notebook, "w", encoding="utf-8") as f:
                f.write(text)
        self.out = os.path.join(self.dir, "out")
        self.runs = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def chard(self, *arguments, timeout=300, home="home"):
        env = dict(os.environ, CHARD_HOME=os.path.join(self.dir, home))
        return subprocess.run([CHARD, *arguments], capture_output=True, text=True, errors="replace", timeout=timeout,
                              cwd=self.work, env=env)

    def emit(self, target, *options):
        """Emits into `out`; {file name: text}."""
        run = self.chard("compile", "--to", target, "-o", self.out, *options, self.notebook)
        assert run.returncode == 0, run.stderr
        found = {}
        for folder, _, names in os.walk(self.out):
            for path in (os.path.join(folder, name) for name in names):
                with open(path, encoding="utf-8") as f:
                    found[os.path.relpath(path, self.out)] = f.read()
        return found

    def pipeline(self):
        return json.loads(self.chard("compile", self.notebook).stdout)

    def run_here(self, *options):
        """{step: result directory} of a local run, or None if a step failed."""
        self.runs += 1
        home = "home-%d" % self.runs    # of its own: the next run's results must not take the place of this one's
        run = self.chard("run", "--python", PYTHON, *options, self.notebook, home=home)
        if run.returncode:
            return None
        [log] = glob.glob(os.path.join(self.dir, home, "runs", "*", "run.jsonl"))
        with open(log, encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        return {e["step"]: e["result"] for e in events if e["event"] == "step.end"}


# Two steps that are started only if something holds: one does, one doesn't.
WHEN = [(["parameters"], "n = 1\ndeploy = True"),
        (["functions"], "def twice(x):\n    return 2 * x"),
        (["step:load"], "rows = list(range(n))\nprint(twice(len(rows)))"),
        (["step:all of them", "when:len(rows) > 1 # or so"], "if len(rows)>1:\n    print('RAN all')"),
        (["step:first", "when:deploy and rows[0] == 0"],
         "import json\ndef tell(x):\n    return json.dumps([x, twice(x)])\n"
         "if deploy and rows[0] == 0:\n    print('RAN first', tell(rows[0]))")]


# The same where others wait for such steps: values change in place or come anew, a file is added to, one reads what another left,
# and names are unbound where nobody has bound them.
WHEN_READ = [(["parameters"], "n = 1\ndeploy = False"),
             (["functions"], "def twice(x):\n    return 2 * x"),
             (["step:load"], "rows = list(range(n))\ntable = {'a': 1}\nother, best, acc = table, 'none', 0.25\n"
                             "with open('notes.txt', 'w') as f:\n    f.write('first ')"),
             (["step:big", "when:len(rows) > 1", "limit:nvidia.com/gpu:1", "node:disk:ssd"],
              "import json\ndef shown(x):\n    return json.dumps([x, twice(x)])\nif len(rows) > 1:\n"
              "    table['b'] = rows\n    best = shown(len(rows))\n    fresh = {'rows': rows}\n"
              "    with open('notes.txt', 'a') as f:\n        f.write('second')"),
             (["step:chained", "when:deploy and 'b' in table"],
              "if deploy and 'b' in table:\n    table['c'] = shown(3)\n    score = acc = 0.5"),
             (["pipeline-metrics"], "print(acc)"),
             (["step:ordered", "when:deploy"], "if deploy:\n    print('DEPLOYED', best)"),
             (["step:read", "after:ordered"],
              "found = []\nfor ask in lambda: fresh['rows'] == table['b'], lambda: score:\n    try:\n        found.append(ask())\n"
              "    except NameError as e:\n        found.append(str(e))\n"
              "print('RESULT=%s' % [table, other is table, best, found, acc, shown(7), open('notes.txt').read()])")]


def plain(cells, **parameters):
    """What the cells' code prints, run by Python itself in an empty directory with other parameters."""
    code = "\n".join([cells[0][1], *("%s = %r" % p for p in parameters.items()), *(source for _, source in cells[1:])])
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run([PYTHON, "-c", code], cwd=empty, capture_output=True, text=True, check=True, timeout=300).stdout


def result_of(printed):
    """From RESULT= to the end of that line."""
    [line] = [line for line in printed.split("\n") if "RESULT=" in line]
    return line[line.index("RESULT="):]


# Files that are written in parts by several steps, and read by names that only running tells: patterns, folders, commands.
FILES = [(["step:first"], "import os\nos.makedirs('out', exist_ok=True)\nfor i in range(2):\n    with open(f'out/{i}.csv', 'w') as f:\n"
                          "        f.write(str(i))\nwith open('log.txt', 'w') as f:\n    f.write('one ')\nopen('data_a.csv', 'w').write('a')"),
         (["step:second"], "with open('log.txt', 'a') as f:\n    f.write('two ')\nwith open('out/9.csv', 'w') as f:\n    f.write('9')"),
         (["step:third"], "!echo three >> log.txt\n!echo b > data_b.csv"),
         (["step:read"], "import glob, os\ntext = [open(f'out/{i}.csv').read() for i in (0, 1, 9)]\n"
                         "print('RESULT=%s' % [text, sorted(glob.glob('data_*.csv')), sorted(os.listdir('out')), open('log.txt').read()])")]
FILES_RESULT = "[['0', '1', '9'], ['data_a.csv', 'data_b.csv'], ['0.csv', '1.csv', '9.csv'], 'one two three\\n']"


# Loops whose rounds run in pods of their own; one that is over nothing, and one that shows while it runs that it can't.
FOREACH = [(["parameters"], "depth = 2"),
           (["functions"], "class Fit:\n    def __init__(self, x, depth):\n        self.x, self.depth = x, depth"),
           (["step:data"], "names = {'b': 3, 'a': 1, 'c': 2}\nearlier, none = ['first'], []"),
           (["step:fit", "foreach:names:2", "limit:nvidia.com/gpu:1"],
            "fits, total = {}, 0.5\nfor k, (name, n) in enumerate(names.items()):\n    print('ROUND', k)\n"
            "    if name == 'a':\n        continue\n    fit = Fit(n, depth)\n    fits[name] = fit\n    total += n / 3\n"
            "    earlier.append((name, fit.depth))\nbest = max(fits, key=lambda name: fits[name].x)"),
           (["step:empty", "foreach:none", "limit:nvidia.com/gpu:1"], "seen = []\nfor x in none:\n    seen.append(x)"),
           (["step:whole", "foreach:names"],
            "import random\ndrawn, last = [], 0\nfor name in names:\n    random.random()\n    drawn.append(name)\n    last += 1"),
           (["step:read"], "print('RESULT=%s' % [k, name, n, {k: f.x for k, f in fits.items()}, total, earlier, best, seen, drawn, last])")]
FOREACH_RESULT = "[2, 'c', 2, {'b': 3, 'c': 2}, 2.1666666666666665, ['first', ('b', 2), ('c', 2)], 'b', [], ['b', 'a', 'c'], 3]"


# A step that runs at the end, whatever became of the others.
EXIT = [(["parameters"], "fail = False"),
        (["step:data"], "x = 1"),
        (["step:work"], "if fail:\n    raise ValueError('no')\nprint('WORKED', x)"),
        (["step:tell", "exit"], "import json\nprint('TOLD', json.dumps(fail))")]


def harness():
    """templates/step.py as a module."""
    spec = importlib.util.spec_from_file_location("_chard_step", HARNESS)
    module = sys.modules["_chard_step"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(pairs):
    """Where two results differ: pairs are (name, directory, directory). In a Python of its own, since reading the values
    takes over __main__."""
    here = os.path.dirname(os.path.abspath(__file__))
    code = ("import json, sys; sys.path[:0] = %r; import notebooks; step = notebooks.harness();"
            "print(json.dumps(notebooks._differences(step, json.load(sys.stdin))))" % [here, os.path.dirname(here)])
    run = subprocess.run([PYTHON, "-c", code], input=json.dumps(pairs), capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def _differences(step, pairs):
    step._enter_space(step.Space("compare"))
    found = []
    for name, one, other in pairs:
        values = []
        for directory in (one, other):
            bundle = step.Bundle(directory)
            values.append(bundle.get(name) if name in bundle.groups else "(unbound)")
        difference = step.differ(values[0], values[1], name)
        if difference is not None:
            found.append([name, *map(str, difference)])
    return found
