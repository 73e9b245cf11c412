"""`make bench-kernel`: what the Chard kernel costs, beside ipykernel alone, which is inside it, and xeus-python where that
is installed. All kernels are up together and are asked by turns in random order; ipykernel takes part twice: what differs
between the two is the machine's doing alone (A/A).

    CHARD=./chard TOP=. PYTHON=python3 python bench/kernel.py

BENCH_QUICK=1: fewer turns and smaller sizes. Results go to bench/out/kernel.json too.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import random
import shutil
import sys
import tempfile
import time
from importlib.util import find_spec

import table
from run import about_load, about_machine
from table import Aim
from timing import Failed, Sample

import jupyter_client
from jupyter_client.kernelspec import KernelSpec

QUICK = bool(os.environ.get("BENCH_QUICK"))
CHARD_KERNEL = os.path.join(os.path.dirname(os.path.abspath(os.environ["CHARD"])), "chard-kernel")
IPYKERNEL = [sys.executable, "-m", "ipykernel_launcher", "-f"]
ARGV = {
    "ipykernel": IPYKERNEL + ["{connection_file}"],
    "again": IPYKERNEL + ["{connection_file}"],
    "chard": [CHARD_KERNEL, "-f", "{connection_file}", "--"] + IPYKERNEL + ["{}"],
    "xeus": [sys.executable, "-m", "xpython_launcher", "-f", "{connection_file}"],
}
KINDS = ["ipykernel", "again", "chard"] + (["xeus"] if find_spec("xpython_launcher") else [])
LONG = 600  # seconds after which a kernel has failed


class Kernel:
    """One kernel and a client of it. Home is a directory that all share, so that notes of earlier starts are there."""

    def __init__(self, kind, home):
        self.kind = kind
        env = dict(os.environ, HOME=home, XDG_CACHE_HOME=home + "/cache", IPYTHONDIR=tempfile.mkdtemp(dir=home),
                   TMPDIR=home)
        env.pop("XDG_RUNTIME_DIR", None)
        env["CHARD_KERNEL_WARM"] = "0"  # once for an environment, and not here where it is always the first time
        self.km = jupyter_client.KernelManager()
        self.km._kernel_spec = KernelSpec(argv=ARGV[kind], language="python")
        self.began = time.perf_counter()
        with open(os.devnull, "w") as null:
            self.km.start_kernel(env=env, stdout=null, stderr=null)
        self.kc = self.km.client()
        self.kc.start_channels(hb=False)

    def reply_to(self, sent):
        while True:
            m = self.kc.get_shell_msg(timeout=LONG)
            if m["parent_header"].get("msg_id") == sent:
                return m

    def ask(self, sent):
        self.reply_to(sent)

    def execute(self, code, expected=0):
        """Until both its idle and its reply are here; `expected` is how much it prints."""
        sent, got = self.kc.execute(code), 0
        while True:
            m = self.kc.get_iopub_msg(timeout=LONG)
            if (m["parent_header"] or {}).get("msg_id") != sent:  # xeus-python's first has null there
                continue
            got += len(m["content"].get("text", "")) if m["msg_type"] == "stream" else 0
            if m["content"].get("execution_state") == "idle":
                break
        self.reply_to(sent)
        if expected and got != expected:
            raise Failed("%s: %d characters came of %d printed" % (self.kind, got, expected))

    def memory(self):
        """KiB of the process that Jupyter started, its shared libraries included."""
        with open("/proc/%d/status" % self.km.provisioner.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def close(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel(now=True)


def timed(function, *arguments):
    began = time.perf_counter()
    function(*arguments)
    return Sample(time.perf_counter() - began)


def by_turns(kinds, turns, measure):
    """{kind: [Sample, …]}; a kind that fails has its Failed there instead."""
    taken = {kind: [] for kind in kinds}
    for _ in range(turns):
        for kind in random.sample(kinds, len(kinds)):
            if isinstance(taken[kind], Failed):
                continue
            try:
                taken[kind].append(measure(kind))
            except Exception as e:
                taken[kind] = Failed("%s: %s" % (kind, e or type(e).__name__))
    return taken


def rows(name, taken, aim):
    yield table.compare(name + ", ipykernel twice", taken, "again", "ipykernel")
    yield table.compare(name, taken, "chard", "ipykernel", aim)
    if "xeus" in taken:
        yield table.compare(name + ", xeus-python", taken, "xeus", "ipykernel")


def starts(home, turns):
    """From its start to kernel_info's reply, and to the end of the first cell."""
    first = {kind: [] for kind in KINDS}

    def start(kind):
        k = Kernel(kind, home)
        try:
            k.ask(k.kc.kernel_info())
            known = Sample(time.perf_counter() - k.began)
            k.kc.execute("pass")
            k.reply_to(k.kc.execute("pass"))
            first[kind].append(Sample(time.perf_counter() - k.began))
            return known
        finally:
            k.close()

    for kind in KINDS:  # files into memory, notes into the cache
        start(kind)
        first[kind].clear()
    known = by_turns(KINDS, turns, start)
    yield from rows("start to kernel_info", known, Aim("<=", 0.2))
    first = {kind: known[kind] if isinstance(known[kind], Failed) else first[kind] for kind in KINDS}
    yield from rows("start to the first cell", first, Aim("<=", 1.05))


def requests(live, turns):
    def kinds_of(function):
        return lambda kind: timed(function, live[kind])

    measured = [
        ("empty cell", 1, lambda k: k.execute("pass"), Aim("<=", 1.03)),
        ("kernel_info", 1, lambda k: k.ask(k.kc.kernel_info()), Aim("<=", 0.5)),
        ("completion", 2, lambda k: k.ask(k.kc.complete("thing.al")), Aim("<=", 1.03)),
        ("1,000 prints", 20, lambda k: k.execute("for i in range(1000): print(i, flush=True)", 3890), Aim("<=", 1.05)),
        ("1 MB printed", 20, lambda k: k.execute("print('x' * 999_999)", 1000000), Aim("<=", 1.05)),
        ("100 MB printed", 100, lambda k: k.execute("print('x' * 99_999_999)", 100000000), Aim("<=", 1.05)),
    ]
    for name, rarer, function, aim in measured:
        taken = by_turns(list(live), max(3, turns // rarer), kinds_of(function))
        yield from rows(name, taken, aim)


def main():
    random.seed(1)
    home = tempfile.mkdtemp(prefix="chard-bench-")
    found = []

    def show(more):
        for row in more:
            table.print_row(row)
            found.append(row)

    print("%s; %s" % (about_machine(), about_load()))
    table.print_header()
    try:
        show(starts(home, 3 if QUICK else 15))
        live = {kind: Kernel(kind, home) for kind in KINDS}
        try:
            for k in live.values():
                k.ask(k.kc.kernel_info())
                k.execute("class Thing:\n    alpha = 1\nthing = Thing()")
                for _ in range(20):
                    k.execute("pass")
                    k.ask(k.kc.complete("thing.al"))
            memory = live["chard"].memory()
            show([table.Row("memory of chard-kernel", peak=memory, value=memory / 1024, aim=Aim("<=", 10, "≤ 10 MiB"))])
            show(requests(live, 40 if QUICK else 400))
            memory = live["chard"].memory()
            show([table.Row("… after all that", peak=memory)])
        finally:
            for k in live.values():
                k.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    judged = [r for r in found if r.met() is not None]
    failed = [r for r in found if r.failed]
    print("\n%d of %d aims met, %d measurements failed; %s" % (sum(r.met() for r in judged), len(judged), len(failed),
                                                              about_load()))
    os.makedirs(os.path.join("bench", "out"), exist_ok=True)
    with open(os.path.join("bench", "out", "kernel.json"), "w", encoding="utf-8") as f:
        json.dump([r.as_json() for r in found], f, indent=1, ensure_ascii=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
