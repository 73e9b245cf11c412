"""`chard run --sweep`: a run for each point of a grid, compared in a table.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from folder import CHARD, FolderCase

NOTEBOOK = """\
# %% tags=["parameters"]
n = 2
name = "Köln"

# %% tags=["step:load data"]
print ("loading", file=open ("loaded", "a"))
data = list (range (10))

# %% tags=["step:sum"]
if n > 8: raise ValueError ("too many")
score = sum (data[:n]) / len (name)

# %% tags=["pipeline-metrics"]
print (score)
"""
WAITS = """\
# %% tags=["parameters"]
n = 1

# %% tags=["step:wait"]
import time
print ("here", file=open ("begun", "a"))
while n > 1: time.sleep (0.1)
"""


class Sweep(FolderCase):
    def setUp(self):
        super().setUp()
        self.write("train.py", NOTEBOOK)

    def sweep(self, *arguments, status=0):
        run = self.chard("run", "--python", sys.executable, *arguments, "train.py", status=status)
        return run

    def test_a_grid(self):
        run = self.sweep("--sweep", "n=1,3", "--sweep", "name='a,b',Ulm", "--format=json")
        points = json.loads(run.stdout)["points"]
        self.assertEqual([p["parameters"] for p in points], [{"n": n, "name": name} for n in (1, 3) for name in ("a,b", "Ulm")])
        self.assertEqual([p["metrics"]["sum.score"] for p in points], [0, 0, 1, 1])
        self.assertEqual(len({p["run"] for p in points}), 4)
        for point in points:
            self.assertTrue(os.path.exists(point["report"]))
            shown = json.loads(self.chard("runs", "show", point["run"], "--format=json").stdout)
            self.assertEqual({k: shown["parameters"][k] for k in ("n", "name")}, point["parameters"])
        with open(os.path.join(self.folder, "loaded"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "loading\n")      # what no parameter reaches is run once
        # As a table, with another parameter for all of them; nothing is run again that was.
        run = self.sweep("--sweep", "n=1,3", "-p", "name=Ulm")
        head, *rows = [line.split() for line in run.stdout.splitlines()]
        self.assertEqual(head, ["n", "sum.score", "status", "seconds", "run"])
        self.assertEqual([row[:3] for row in rows], [["1", "0.0", "ok"], ["3", "1.0", "ok"]])
        self.assertIn("[1/2] n=1: ok in ", run.stderr)

    def test_failures(self):
        run = self.sweep("--sweep", "n=1,9,2", status=1)
        self.assertEqual([line.split()[2] for line in run.stdout.splitlines()[1:]], ["ok", "failed", "ok"])
        self.assertEqual(run.stderr.count("train.py, cell 2, line 1: ValueError: too many"), 1)

    def test_mistakes(self):
        for arguments, told in ((["n"], "write NAME=VALUE,VALUE"), (["m=1,2"], "m"), (["n=1,x"], "parameter n"),
                                (["n=1", "n=2"], "swept twice"), (["n=%s" % ",".join(map(str, range(1001)))], "1000 points")):
            run = self.sweep(*("--sweep=" + a for a in arguments), status=2)
            self.assertIn("--sweep", run.stderr)
            self.assertIn(told, run.stderr)
        self.assertIn("don't go together", self.sweep("--sweep=n=1,2", "--only", "sum", status=2).stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".chard", "runs")))
        run = self.chard("run", "--python", "/nope", "--sweep=n=1,2,3", "train.py", status=3)
        self.assertEqual(run.stderr.count("/nope: not a program"), 1)

    def test_interrupted(self):
        self.write("wait.py", WAITS)
        process = subprocess.Popen([CHARD, "run", "--python", sys.executable, "-j2", "--sweep=n=1,2,3,4", "wait.py"], text=True,
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        begun = os.path.join(self.folder, "begun")
        end = time.monotonic() + 60
        while not os.path.exists(begun) or os.path.getsize(begun) < 15:      # one is over, two go on
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual([line.split()[1] for line in out.splitlines()[1:]], ["ok", "canceled", "canceled", "canceled"])
        self.assertEqual([r["status"] for r in json.loads(self.chard("runs", "list", "--format=json").stdout)],
                         ["canceled", "canceled", "ok"])


if __name__ == "__main__":
    unittest.main()
