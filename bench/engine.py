"""What running costs: `chard run` beside the plain script of the same code, nbconvert --execute and kfp.local.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import shutil
import subprocess

import notebooks
from table import Aim, Row, compare
from timing import Failed, Sample, Side, alternate, median

HERE = os.path.dirname(os.path.abspath(__file__))


# ---- the sides ----


def commit_all(folder):
    """Makes the folder a Git repository of the size of a project: else each run looks through all files of Chard's own."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    subprocess.run(["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "bench"],
                   cwd=folder, check=True)


class Notebook:
    """One notebook in a folder and Git repository of its own, and the ways to run it."""

    def __init__(self, bench, name, script):
        self.bench, self.name = bench, name
        self.folder = bench.folder(name)
        self.script, self.notebook = notebooks.write(self.folder, name, script)
        commit_all(self.folder)

    def side(self, name, *command, **more):
        return Side(name, list(command), cwd=self.folder, env=self.bench.env, **more)

    def chard(self, *options, name="chard"):
        return self.side(name, self.bench.chard, "run", "--python", self.bench.python, *options, self.notebook)

    def plain(self, name="script"):
        return self.side(name, self.bench.python, self.script)

    def nbconvert(self):
        return self.side("nbconvert", self.bench.python, "-m", "nbconvert", "--log-level=ERROR", "--execute", "--to",
                         "notebook", "--output", "executed.ipynb", self.notebook)

    def kfp(self):
        emitted, root = os.path.join(self.folder, "kfp"), os.path.join(self.folder, "kfp-root")
        subprocess.run([self.bench.chard, "compile", "--to", "kfp", "-o", emitted, self.notebook], env=self.bench.env,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        [pipeline] = glob.glob(os.path.join(emitted, "*.kfp.yaml"))
        return self.side("kfp.local", self.bench.python, os.path.join(HERE, "kfp_run.py"), pipeline,
                         self.bench.harness, root, before=lambda: shutil.rmtree(root, ignore_errors=True))


def beside_script(bench, name, script, turns, aim, inverse=False):
    """chard against the script, the script against itself, and the others against the script."""
    n = Notebook(bench, name, script)
    first = n.chard("--no-cache")
    first.run()     # the Python is asked once which it is
    taken = alternate([first, n.plain(), n.plain("script again")], turns)
    yield compare(name + ": chard run ÷ script", taken, "chard", "script", aim, inverse)
    yield compare(name + ": script ÷ itself", taken, "script again", "script")
    for other in (n.nbconvert, n.kfp):
        try:
            side = other()
        except (OSError, subprocess.CalledProcessError) as e:
            yield Row("%s: %s" % (name, other.__name__), failed=str(e))
            continue
        beside = alternate([side, n.plain()], 1 if bench.quick else 2)
        yield compare("%s: %s ÷ script" % (name, side.name), beside, side.name, "script")
    shutil.rmtree(n.folder, ignore_errors=True)


# ---- the measurements ----


def ml(bench):
    return beside_script(bench, "ml", notebooks.read("ml"), bench.turns(3), Aim("<=", 1.0, "< 1"))


def chain(bench):
    return beside_script(bench, "chain", notebooks.read("chain"), bench.turns(7, 3), Aim("<=", 1.1))


def fan_out(bench):
    for row in beside_script(bench, "fan_out", notebooks.fan_out(20), bench.turns(3), None):
        yield row
        if "chard run" in row.name and not row.failed:
            yield Row("fan_out: 20 × 200 ms, times as fast", ratio=[1 / r for r in row.ratio], aim=Aim(">=", 1.9))


def data(bench):
    return beside_script(bench, "data", notebooks.read("data"), bench.turns(5), Aim("<=", 1.1))


def trivial(bench):
    """What a step costs beyond the first: of a chain, so that none hides behind another."""
    many, one = Notebook(bench, "trivial30", notebooks.trivial(30)), Notebook(bench, "trivial1", notebooks.trivial(1))
    sides = [many.chard("--no-cache", name="30"), one.chard("--no-cache", name="1"), many.plain()]
    for side in sides:
        side.run()
    taken = alternate(sides, bench.turns(9, 4))
    row = compare("trivial: 30 steps ÷ script", taken, "30", "script")
    yield row
    if not row.failed and not isinstance(taken["1"], Failed):
        each = [(a.seconds - b.seconds) / 29 for a, b in zip(taken["30"], taken["1"])]
        yield absolute("trivial: each of 30 steps", each, Aim("<=", 0.010, "≤ 10 ms"))


def cached(bench):
    """The second run, with nothing changed."""
    n = Notebook(bench, "cached", notebooks.read("ml"))
    n.chard().run()
    taken = alternate([n.chard(), n.plain()], 1)
    row = compare("cached: ml's second run ÷ script", taken, "chard", "script")
    yield row
    if not row.failed:
        again = alternate([n.chard()], bench.turns(20, 10))["chard"]
        if isinstance(again, Failed):
            raise again
        yield absolute("cached: all of ml's second run", [s.seconds for s in again], Aim("<=", 0.030, "≤ 30 ms"),
                       max(s.peak for s in again))


def absolute(name, seconds, aim, peak=0):
    middle = median([Sample(s) for s in seconds])
    note = "from %.1f to %.1f ms" % (min(seconds) * 1e3, max(seconds) * 1e3)
    return Row(name, this=middle, value=middle, aim=aim, peak=peak, note=note)


HANDED = {"array": "400 MB of numpy", "frame": "5 million rows of pandas", "text": "… with a column of text"}


def hand_over(bench):
    """One large value from step to step, against one memcpy of it."""
    for kind, what in HANDED.items():
        if kind == "text" and bench.quick:
            continue
        turns = 1 if kind == "text" else bench.turns(7, 3)
        command = [bench.python, os.path.join(HERE, "handover.py"), bench.harness, kind, str(turns),
                   bench.folder("hand_over")]
        run = subprocess.run(command, env=bench.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode:
            yield Row("hand_over: " + what, failed=run.stderr[-300:])
            continue
        found = json.loads(run.stdout)
        peak = found["peak"]
        taken = {k: [Sample(s, peak=peak) for s in found[k]] for k in ("copy", "again", "warm", "write", "read")}
        judged = kind != "text"
        yield compare("hand_over: %s, write ÷ copy" % what, taken, "write", "copy", Aim("<=", 1.5) if judged else None)
        yield compare("hand_over: …, read ÷ copy", taken, "read", "copy", Aim("<=", 0.05, "~ 0") if judged else None)
        yield compare("hand_over: …, write ÷ copy to warm memory", taken, "write", "warm")
        yield compare("hand_over: …, copy ÷ itself", taken, "again", "copy")


def growth_of_runs(bench):
    """Ten times as many steps, ten times the time?"""
    sizes = (10, 100) if bench.quick else (10, 100, 1000)
    sides = [Notebook(bench, "steps%d" % n, notebooks.trivial(n)).chard("--no-cache", name=str(n)) for n in sizes]
    yield from grow("run, %d ⟶ %d steps", sides, sizes, bench.turns(2, 1))


def grow(text, sides, sizes, turns):
    """A row for each tenfold size: its time against ten times the smaller one's. Only the last is judged, since the
    first hold what is paid once, which makes a ratio better than what is asked for."""
    taken = alternate(sides, turns)
    for small, large in zip(sizes, sizes[1:]):
        a, b = taken[str(large)], taken[str(small)]
        times = large // small
        for side in (a, b):
            if isinstance(side, Failed):
                yield Row("growth: " + text % (small, large), failed=str(side))
                break
        else:
            ratio = [x.seconds / (times * y.seconds) for x, y in zip(a, b)]
            yield Row("growth: " + text % (small, large), median(a), times * median(b), ratio, max(s.peak for s in a),
                      max(s.peak for s in b), Aim("<=", 1.2) if large == sizes[-1] else None)


MEASUREMENTS = [ml, chain, fan_out, data, trivial, cached, hand_over, growth_of_runs]
