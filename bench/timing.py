"""Runs programs by turns (A B A B …, so that what disturbs the machine disturbs all alike) and compares what they took.

    taken = alternate ([Side ("chard", [...]), Side ("script", [...])], 5)
    ratios (taken["chard"], taken["script"])        one for each turn: median and spread tell how far to believe it

SPDX-License-Identifier: Apache-2.0
"""
import os
import signal
import statistics
import subprocess

TAKEN = os.path.abspath(os.environ.get("TAKEN", "bench/taken"))     # bench/taken.c


class Failed(Exception):
    """A program that is measured ended badly. It is told in the table, and nothing is made up in its place."""


class Sample:
    """One run: seconds by the clock, seconds of CPU, and KiB of the largest of its processes at its largest."""

    def __init__(self, seconds, cpu=0.0, peak=0):
        self.seconds, self.cpu, self.peak = seconds, cpu, peak


class Side:
    """One of the programs to compare. `before` is called ahead of each run and not measured."""

    def __init__(self, name, command, cwd=None, env=None, before=None, statuses=(0,)):
        self.name, self.command, self.cwd, self.env = name, command, cwd, env
        self.before, self.statuses = before, statuses

    def run(self, timeout=300):
        if self.before:
            self.before()
        folder = self.cwd or "."
        log, told = os.path.join(folder, "bench.log"), os.path.join(folder, "bench.taken")
        with open(log, "wb") as out:
            child = subprocess.Popen([TAKEN, told, *self.command], cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL,
                                     stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                status = child.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                raise Failed("%s did not end within %d s" % (self.name, timeout)) from None
        if status not in self.statuses:
            with open(log, errors="replace") as f:
                raise Failed("%s ended with status %d: %s" % (self.name, status, " ".join(f.read()[-300:].split())))
        with open(told, encoding="ascii") as f:
            seconds, user, system, peak = f.read().split()
        return Sample(float(seconds), float(user) + float(system), int(peak))


def alternate(sides, turns):
    """{side's name: [Sample, …]}, one a turn. A side that fails has its Failed there instead, and is left out from then
    on; the order of the sides is turned round from one turn to the next."""
    taken = {side.name: [] for side in sides}
    for turn in range(turns):
        for side in (sides if turn % 2 == 0 else sides[::-1]):
            if isinstance(taken[side.name], Failed):
                continue
            try:
                taken[side.name].append(side.run())
            except (Failed, OSError) as e:
                taken[side.name] = e if isinstance(e, Failed) else Failed("%s: %s" % (side.name, e))
    return taken


def median(samples, what="seconds"):
    return statistics.median(getattr(s, what) for s in samples)


def ratios(these, those, what="seconds"):
    return [getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(these, those)]
