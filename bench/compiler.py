"""What compiling costs: beside reading the JSON and parsing the code, which is all that bench/parse.c does.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import subprocess

import notebooks
from engine import grow
from table import Aim, Row, compare
from timing import Side, alternate


def compile_side(bench, path, name="chard"):
    return Side(name, [bench.chard, "compile", "-o", os.devnull, path], cwd=bench.out, env=bench.env)


def parse_side(bench, path, name="parse"):
    return Side(name, [bench.parse, path], cwd=bench.out, env=bench.env)


def compile(bench):
    """One notebook, the program's start included; a small one is all start."""
    folder = bench.folder("compile")
    _, large = notebooks.write(folder, "large", notebooks.long(1000))
    for name, path in (("digits.ipynb", os.path.join(bench.top, "examples", "digits.ipynb")), ("1,000 cells", large)):
        sides = [compile_side(bench, path), parse_side(bench, path), parse_side(bench, path, "parse again")]
        taken = alternate(sides, bench.turns(15, 7))
        yield compare("compile: %s ÷ read and parse" % name, taken, "chard", "parse", Aim("<=", 2))
        yield compare("compile: read and parse ÷ itself", taken, "parse again", "parse")


def unpack_corpus(bench):
    archive = os.path.join(bench.shared, "notebooks", "corpus.tar.xz")
    folder = os.path.join(bench.out, "corpus")
    if not os.path.isdir(folder):
        subprocess.run(["tar", "-C", bench.out, "-xf", archive, "corpus/notebooks"], check=True)
    return os.path.join(folder, "notebooks")


def check(bench):
    """All of the shared corpus of real notebooks, over all cores."""
    if not os.path.exists(os.path.join(bench.shared, "notebooks", "corpus.tar.xz")):
        yield Row("check: the corpus ÷ read and parse", failed="no %s/notebooks/corpus.tar.xz" % bench.shared)
        return
    corpus = unpack_corpus(bench)
    workers = str(len(os.sched_getaffinity(0)))
    sides = [Side("chard", [bench.chard, "check", corpus], cwd=bench.out, env=bench.env, statuses=(0, 1)),
             *(Side(name, [bench.parse, "-j", workers, corpus], cwd=bench.out) for name in ("parse", "parse again"))]
    taken = alternate(sides, bench.turns(4))
    yield compare("check: 1,020 notebooks ÷ read and parse", taken, "chard", "parse", Aim("<=", 2))
    yield compare("check: read and parse ÷ itself", taken, "parse again", "parse")


def growth_of_notebooks(bench):
    sizes = (10, 100, 1000) if bench.quick else (10, 100, 1000, 10000)
    folder = bench.folder("growth")
    sides = [compile_side(bench, notebooks.write(folder, "cells%d" % n, notebooks.long(n))[1], str(n)) for n in sizes]
    yield from grow("compile, %d ⟶ %d cells", sides, sizes, bench.turns(3))


def growth_of_batches(bench):
    sizes = (1, 10, 100) if bench.quick else (1, 10, 100, 1000)
    folder = bench.folder("batch")
    sides = []
    for n in sizes:
        for i in range(n):
            target = os.path.join(folder, str(n), "nb%d.ipynb" % i)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(bench.top, "examples", "digits.ipynb"), target)
        sides.append(Side(str(n), [bench.chard, "check", os.path.join(folder, str(n))], cwd=bench.out, env=bench.env))
    peaks = {}
    for row in grow("check, %d ⟶ %d notebooks", sides, sizes, bench.turns(3)):
        peaks[row.name] = row
        yield row
    if not row.failed:
        yield Row("growth: memory of the last two", ratio=[row.peak / row.that_peak], peak=row.peak,
                  that_peak=row.that_peak, aim=Aim("<=", 1.2))


MEASUREMENTS = [compile, check, growth_of_notebooks, growth_of_batches]
