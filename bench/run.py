"""`make bench`: what Chard costs, beside what it is compared with, in one table. README.md tells what each row means.

    CHARD=./chard PARSE=bench/parse TOP=. PYTHON=python3 python bench/run.py [NAME…]

BENCH_QUICK=1: fewer turns and smaller sizes. Results go to bench/out/results.json too. The exit status is 1 if
something could not be measured; an aim that is missed is told in the table and no failure.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import sys
import time

import compiler
import emit
import engine
import table

MEASUREMENTS = [*engine.MEASUREMENTS, *compiler.MEASUREMENTS, *emit.MEASUREMENTS]


class Bench:
    """Where the programs are, and where there is room to work."""

    def __init__(self):
        self.top = os.path.abspath(os.environ.get("TOP", "."))
        self.chard = os.path.abspath(os.environ.get("CHARD", "chard"))
        self.parse = os.path.abspath(os.environ.get("PARSE", "bench/parse"))
        self.python = os.environ.get("PYTHON", sys.executable)
        self.shared = os.environ.get("SHARED", os.path.join(self.top, "..", "shared"))
        self.quick = bool(os.environ.get("BENCH_QUICK"))
        self.out = os.path.abspath(os.path.join("bench", "out"))
        templates = os.environ.get("CHARD_TEMPLATES", os.path.join(self.top, "templates"))
        self.harness = os.path.join(templates, "step.py")
        self.env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX", "MAKEFLAGS")}
        self.env.update(CHARD_TEMPLATES=templates, MPLBACKEND="agg",
                        PATH=os.path.dirname(self.python) + ":" + os.environ["PATH"])

    def turns(self, n, quick=2):
        return quick if self.quick else n

    def folder(self, name):
        """An empty folder."""
        path = os.path.join(self.out, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path


def about_machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = [line.partition(":")[2].strip() for line in f if line.startswith("model name")]
    return "%d cores (%s), Linux %s" % (len(os.sched_getaffinity(0)), models[0] if models else "?", os.uname().release)


def about_load():
    load = os.getloadavg()[0]
    return "load %.1f%s" % (load, "" if load < 0.7 else ": OTHERS USE THIS MACHINE, so believe ratios and spread only")


def measure(bench, name, function):
    """The rows of one measurement. What can't be measured is a row too."""
    try:
        for row in function(bench):
            table.print_row(row)
            yield row
    except Exception as e:      # one measurement's failure doesn't stop the others
        row = table.Row(name, failed="%s: %s" % (type(e).__name__, e))
        table.print_row(row)
        yield row


def main():
    names = sys.argv[1:]
    unknown = set(names) - {m.__name__ for m in MEASUREMENTS}
    if unknown:
        sys.exit("bench: no measurement %s; there are %s" % (", ".join(sorted(unknown)),
                                                             ", ".join(m.__name__ for m in MEASUREMENTS)))
    bench, rows, began = Bench(), [], time.monotonic()
    print("%s; %s" % (about_machine(), about_load()))
    table.print_header()
    for m in MEASUREMENTS:
        if not names or m.__name__ in names:
            rows += measure(bench, m.__name__, m)
    judged = [r for r in rows if r.met() is not None]
    failed = [r for r in rows if r.failed]
    print("\n%d of %d aims met, %d measurements failed, in %.0f s; %s" % (
        sum(r.met() for r in judged), len(judged), len(failed), time.monotonic() - began, about_load()))
    with open(os.path.join(bench.out, "results.json"), "w", encoding="utf-8") as f:
        json.dump([r.as_json() for r in rows], f, indent=1, ensure_ascii=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
