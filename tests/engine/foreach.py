"""Tags foreach and exit: loops whose rounds run in processes of their own compute what the notebook computes; loops that can't be
taken apart run whole, whether the compiler knows (a warning) or only the run can tell (a note). A step at the end runs whatever became of the others.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CHARD = os.path.abspath(os.environ.get("CHARD", "./chard"))
PYTHON = os.environ.get("CHARD_TEST_PYTHON", sys.executable)

HEAD = """
# %% tags=["imports"]
import os, random, math, sys, time
import numpy as np

# %% tags=["functions"]
class Model:
    seen = 0
    def __init__ (self, depth):
        self.depth = depth
def fit (x):
    m = Model (x)
    m.score = x * 0.1
    return m
def store (into, x):
    setattr (into, "attribute", x)

# %% tags=["step:data"]
numbers = [3, 1, 2, 5, 4]
names = {"a": 1, "b": 2, "c": 3}
pids, earlier, sums = [], ["earlier"], np.zeros (5)
matrix = np.arange (20000.0).reshape (5, 4000)
"""

# (step's source, what is read of it, processes it must have taken)
APART = {
    "gather": ("found, table, chosen, total, text = [], {}, set (), 0.0, ''\n"
               "for i, x in enumerate (numbers):\n"
               "    print ('round', x, file=sys.stderr if x == 5 else sys.stdout)\n"
               "    if x == 5: continue\n    time.sleep (0.05)\n"
               "    row = [x]\n    found.append (row)\n    row.append (math.sqrt (x))\n"
               "    table[x, i] = row\n    chosen.add (x % 2)\n    total += 0.1 * x\n    text += str (x)\n"
               "    earlier.append (x)\n    pids.append (os.getpid ())\n"
               "print (found[0] is table[3, 0], len (found))\nbest = max (found)",
               "found, table, chosen, total, text, earlier, best, i, x, found[1] is table[1, 1]"),
    "arrays": ("out, big, extended = np.zeros (5), [], []\n"
               "for i, row in enumerate (matrix):\n"
               "    out[i] = row.sum ()\n    big.append (row * 2)\n    extended += [i, str (i)]\n    pids.append (os.getpid ())",
               "out.tolist (), [b.sum () for b in big], extended, row.sum ()"),
    "models": ("models = {}\nfor n in numbers:\n    time.sleep (0.05)\n    models[n] = fit (n)\n    last = models_depth = n\n    pids.append (os.getpid ())",
               "{k: (v.depth, v.score) for k, v in models.items ()}, type (models[1]) is Model, last"),
    "items": ("seen = []\nfor key, value in names.items ():\n    for k in range (value):\n        if k == 1: break\n"
              "        inner = (key, k)\n    try:\n        seen.append ((key, 1 / (value - 2)))\n"
              "    except ZeroDivisionError as e:\n        seen.append ((key, str (e)))\n    pids.append (os.getpid ())",
              "seen, key, value, inner"),
    "empty": ("none, count = [], 0\nfor x in numbers[:0]:\n    none.append (x)\n    count += 1",
              "none, count"),
}

# What the compiler can't see: the run does.
WHOLE = {
    "random": ("drawn = []\nfor x in numbers:\n    drawn.append (x)\n    random.random ()", "drawn", "the state %random"),
    "kind": ("class_ = earlier.__class__\nqueue = []\nfor x in numbers:\n    sums += x\n    queue.extend (n for n in [x])\n"
             "    sums += matrix[0, :5].astype (complex).real.view (np.ndarray).tolist ()", "sums.tolist (), queue", "of type ndarray"),
    "figure": ("import matplotlib.pyplot as plt\nys = []\nfor x in numbers:\n    plt.plot ([x])\n    ys.append (x)", "ys",
               "figures are left open"),
    "pickle": ("made = []\nfor x in numbers:\n    made.append (open (os.devnull))\nmade = [f.name for f in made]", "made", "can't be handed"),
    "unseen": ("from helper import poke\nbox, n = [0], 0\nfor x in numbers:\n    n += poke (box, x)", "box, n", "a round changed box"),
}


def program(cases):
    text = HEAD
    for name, (source, read, *_) in cases.items():
        over = "matrix" if name == "arrays" else "names" if name == "items" else "numbers"
        text += '\n# %%%% tags=["step:%s", "foreach:%s"]\n%s\n' % (name, over, source)
        text += '\n# %%%% tags=["step:%s read"]\nprint (%s)\n' % (name, read)
    return text


class Foreach(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="chard-foreach-")
        self.dir = os.path.join(self.folder.name, "work")
        os.mkdir(self.dir)
        self.addCleanup(self.folder.cleanup)

    def chard(self, *arguments):
        env = dict(os.environ, CHARD_HOME=os.path.join(self.folder.name, "home"))
        return subprocess.run([CHARD, *arguments], capture_output=True, text=True, timeout=300, cwd=self.dir, env=env)

    def write(self, text):
        with open(os.path.join(self.dir, "helper.py"), "w", encoding="utf-8") as f:
            f.write("def poke(box, x):\n    box.append(x)\n    return len(box)\n")
        path = os.path.join(self.dir, "nb.py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def verify(self, path):
        run = self.chard("verify", "--python", PYTHON, path)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def loops(self, path):
        return [s["name"] for s in json.loads(self.chard("compile", path).stdout)["steps"] if "loop" in s]

    def results(self):
        """{step: its result directory} of the last run."""
        runs = os.path.join(self.folder.name, "home", "runs")
        with open(os.path.join(runs, max(os.listdir(runs)), "run.jsonl"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        return {e["step"]: e["result"] for e in events if e["event"] == "step.end" and "result" in e}

    def test_apart(self):
        path = self.write(program(APART) + "\n# %% tags=[\"step:pids\"]\nprint (len (pids), 'PIDS', len (set (pids)))\n")
        self.assertEqual(self.loops(path), list(APART))
        run = self.chard("run", "--python", PYTHON, path)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        logs = self.chard("runs", "logs").stdout
        count, processes = map(int, re.search(r"(\d+) PIDS (\d+)", logs).groups())
        self.assertEqual(count, 17)
        if len(os.sched_getaffinity(0)) > 1:
            self.assertGreaterEqual(processes, 5)
        run = self.chard("run", "--python", PYTHON, "--no-cache", "-j", "1", path)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(self.chard("runs", "logs").stdout, r"17 PIDS [1-4]\n")
        self.write(program(APART).replace("os.getpid ()", "0"))
        self.verify(path)

    def test_whole(self):
        path = self.write(program(WHOLE))
        self.assertEqual(self.loops(path), list(WHOLE))
        run = self.chard("run", "--python", PYTHON, path)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        if len(os.sched_getaffinity(0)) > 1:
            for step, where in self.results().items():
                if step in WHOLE:
                    with open(os.path.join(where, "result.json"), encoding="utf-8") as f:
                        notes = json.load(f)["notes"]
                    self.assertIn(WHOLE[step][2], str(notes), step)
                    self.assertIn("the loop ran whole", str(notes), step)
        self.verify(path)

    def test_a_round_that_fails(self):
        """It is the first of them in the notebook's order that is told, with all that was shown before."""
        path = self.write("# %% tags=[\"step:data\"]\nxs = list (range (8))\n\n# %% tags=[\"step:fail\", \"foreach:xs\"]\nimport time\nout = []\n"
                          "for x in xs:\n    print ('round', x)\n    if x in (3, 6):\n        time.sleep (0.2 if x == 3 else 0)\n"
                          "        raise ValueError ('x is %d' % x)\n    out.append (x)\n\n# %% tags=[\"step:read\"]\nprint (out)\n")
        run = self.chard("run", "--python", PYTHON, path)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("x is 3", run.stdout + run.stderr)
        self.assertNotIn("x is 6", run.stderr)
        self.assertRegex(run.stdout + run.stderr, r"cell 1, line 7")
        [shown] = glob.glob(os.path.join(self.folder.name, "home", "runs", "*", "steps", "*fail*", "**", "outputs.ipynb"), recursive=True)
        with open(shown, encoding="utf-8") as f:
            [text] = [o["text"] for o in json.load(f)["cells"][0]["outputs"] if o["output_type"] == "stream"]
        self.assertEqual("".join(text), "".join("round %d\n" % i for i in range(4)))

    def test_exit(self):
        """A step at the end runs when others fail, is not cached, and can fail the run itself."""
        source = ("# %%%% tags=[\"parameters\"]\nfail = True\n\n# %%%% tags=[\"step:work\"]\nif fail:\n    raise ValueError ('no')\n\n"
                  "# %%%% tags=[\"step:tell\", \"exit\"]\nprint ('TOLD', fail)%s\n")
        path = self.write(source % "")
        for options, status in (((), 1), (("-p", "fail=false"), 0), (("-p", "fail=false"), 0)):
            run = self.chard("run", "--python", PYTHON, *options, path)
            self.assertEqual(run.returncode, status, run.stderr)
            self.assertIn("TOLD %s" % (not options), self.chard("runs", "logs").stdout)
            self.assertRegex(run.stderr, r"tell … done")
        run = self.chard("run", "--python", PYTHON, "-p", "fail=false", self.write(source % "; 1 / 0"))
        self.assertEqual(run.returncode, 1, run.stderr)

    def test_a_process_that_is_killed(self):
        path = self.write("# %% tags=[\"step:data\"]\nimport os\nxs, home = list (range (6)), os.getpid ()\n\n# %% tags=[\"step:fit\", \"foreach:xs\"]\n"
                          "import os, signal\nout, parent = [], []\n"
                          "for x in xs:\n    if x == 4 and os.getsid (0) != os.getpid ():\n        os.kill (os.getpid (), 9)\n    out.append (x)\n\n"
                          "# %% tags=[\"step:read\"]\nprint ('OUT', out)\n")
        run = self.chard("run", "--python", PYTHON, path)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("OUT [0, 1, 2, 3, 4, 5]", self.chard("runs", "logs").stdout)


if __name__ == "__main__":
    unittest.main()
