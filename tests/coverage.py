"""Prints how many lines the tests ran, folder by folder: `make coverage` after `./configure --enable-coverage && make
check`. A header's line counts once, however many objects hold it.

    python tests/coverage.py BUILD-DIR SOURCE-DIR

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import os
import subprocess
import sys


def records(build):
    for folder, folders, files in os.walk(build):
        folders[:] = [f for f in folders if f not in ("grammars", ".venv", "build", ".git")]
        yield from (os.path.join(folder, f) for f in files if f.endswith(".gcda"))


def lines_run(build, source):
    """{path within the tree: {line: whether it was run}}"""
    ran = collections.defaultdict(dict)
    for record in records(build):
        out = subprocess.run(["gcov", "--json-format", "--stdout", os.path.abspath(record)], cwd=build,
                             capture_output=True, check=True).stdout
        for document in map(json.loads, out.splitlines()):
            for file in document["files"]:
                path = os.path.relpath(os.path.join(document["current_working_directory"], file["file"]), source)
                if path.startswith("..") or path.startswith(("tests/", "build/", "grammars/")):
                    continue
                for line in file["lines"]:
                    number = line["line_number"]
                    ran[path][number] = ran[path].get(number, False) or line["count"] > 0
    return ran


def main(build, source):
    source = os.path.realpath(source)
    totals = collections.defaultdict(lambda: [0, 0])
    for path, lines in lines_run(os.path.realpath(build), source).items():
        for key in (os.path.dirname(path) + "/", "all"):
            totals[key][0] += sum(lines.values())
            totals[key][1] += len(lines)
    if not totals:
        sys.exit("no coverage was recorded: configure with --enable-coverage, then make check")
    for key in sorted(totals, key=lambda k: (k == "all", k)):
        hit, lines = totals[key]
        print("coverage: %-16s %5.1f %% of %5d lines" % (key, 100 * hit / lines, lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
