"""Prints how many lines the tests ran, folder by folder: `make coverage` after `./configure CC=clang --enable-coverage && make
check`.

    python tests/coverage.py COUNTS-DIR SOURCE-DIR PROGRAM…

Each program that the tests ran has left its counts in a file of COUNTS-DIR; a line counts once, however many programs hold it.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import glob
import json
import os
import subprocess
import sys


def lines_run(counts, programs):
    """[(path, lines that were run, lines)], as llvm-cov has it."""
    files = glob.glob(os.path.join(counts, "*.profraw"))
    if not files:
        sys.exit("no coverage was recorded: ./configure CC=clang --enable-coverage, then make check")
    merged = os.path.join(counts, "all.profdata")
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", merged, *files], check=True)
    objects = [word for program in programs[1:] for word in ("-object", program)]
    out = subprocess.run(["llvm-cov", "export", "-summary-only", "-instr-profile", merged, programs[0], *objects],
                         stdout=subprocess.PIPE, check=True).stdout
    for file in json.loads(out)["data"][0]["files"]:
        yield os.path.realpath(file["filename"]), file["summary"]["lines"]["covered"], file["summary"]["lines"]["count"]


def main(counts, source, *programs):
    totals = collections.defaultdict(lambda: [0, 0])
    for path, covered, lines in lines_run(counts, programs):
        path = os.path.relpath(path, os.path.realpath(source))
        if path.startswith(("..", "tests/", "build/", "grammars/")):
            continue
        for key in (os.path.dirname(path) + "/", "all"):
            totals[key][0] += covered
            totals[key][1] += lines
    for key in sorted(totals, key=lambda k: (k == "all", k)):
        hit, lines = totals[key]
        print("coverage: %-16s %5.1f %% of %5d lines" % (key, 100 * hit / lines, lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
