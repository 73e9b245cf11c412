#!/usr/bin/env python3
"""kill -9 of `chard run` at 50 moments spread over its whole life, and the same command again: the same values at the
end, no step that had finished runs again, no process is left, and nothing half-written is taken for a result.

What ran is counted outside: each step appends to "trace" when it begins, by os.open and without an ending, so that it isn't
taken for a file of the steps', which results would keep. What had finished is what the killed run's log says. Results are
checked by a reader of their format that shares no code with step.py or the engine.
SPDX-License-Identifier: Apache-2.0"""
import concurrent.futures
import hashlib
import json
import os
import pickle
import random
import signal
import subprocess
import time

from lab import CHARD, PYTHON, Lab

TRIALS = 50
AT_ONCE = 2
CELLS = (
    ("load", "x = list(range(1000))\nopen('data.csv', 'w').write('7,8,9')"),
    ("a", "time.sleep(0.1)\na = sum(x)"),
    ("b", "time.sleep(0.1)\nb = bytes(range(256)) * 40000"),
    ("c", "time.sleep(0.1)\nc = open('data.csv').read()"),
    ("alone", "time.sleep(0.02)\nz = {'k': [1.5, None]}"),
    ("join", "total = (a, len(b), c, z['k'][0])"),
    ("last", "final = [total, x[-1]]\nprint('FINAL', final)"),
    ("end", "print(final)"),
)
EVENTS = 2 + 2 * len(CELLS)    # in the log of a whole run
FINAL = [(499500, 10240000, "7,8,9", 1.5), 999]
TRACE = "import os, time\nos.write(os.open('trace', os.O_WRONLY | os.O_CREAT | os.O_APPEND), b'%s\\n')\n"


def new_lab():
    lab = Lab()
    lab.write("nb.ipynb", json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "code", "id": name, "metadata": {"tags": ["step:" + name]}, "outputs": [],
                   "execution_count": None, "source": TRACE % name + source} for name, source in CELLS]}))
    return lab


def command(lab):
    return [CHARD, "run", "-j4", "--python", PYTHON, lab.path("nb.ipynb")]


def run_to_its_end(lab):
    return subprocess.run(command(lab), env=lab.env, cwd=lab.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=120)


def traced(lab):
    """What began since the last call."""
    path = lab.path("trace")
    if not os.path.exists(path):
        return []
    names = lab.read("trace").split()
    os.remove(path)
    return names


def check_result(directory):
    """A result by its name must be a result: every value there, with its digest."""
    with open(directory + "/result.json") as f:
        assert json.load(f)["status"] == "ok", directory
    with open(directory + "/values.json") as f:
        groups = json.load(f)["groups"]
    with open(directory + "/values.bin", "rb") as f:
        data = f.read()
    values = {}
    for group in groups:
        offset, length = group["pickle"]
        assert offset + length <= len(data), directory
        if group.get("algorithm", "sha256") == "sha256":
            digest = hashlib.sha256(data[offset:offset + length])
            for at, size in group["buffers"]:
                digest.update(data[at:at + size])
            assert digest.hexdigest() == group["sha256"], directory
        value = pickle.loads(data[offset:offset + length], buffers=[data[at:at + size] for at, size in group["buffers"]])
        if len(group["names"]) == 1:
            values[group["names"][0]] = value
    return values


def log_of(lab, run):
    """Events of a log that may have been torn by the kill: all but the last line must be whole."""
    path = lab.path(".chard/runs", run, "run.jsonl")
    lines = open(path).read().split("\n") if os.path.exists(path) else [""]
    return [json.loads(line) for line in lines[:-1]]


def finished_in(events):
    return {e["step"]: e["result"] for e in events if e["event"] == "step.end" and e["status"] in ("ok", "cached")}


def logged(lab):
    return len(log_of(lab, lab.runs()[-1])) if lab.runs() else 0


def trial(events, delay):
    """One kill, `delay` seconds after the log has got so many lines; returns how many steps had finished."""
    with new_lab() as lab:
        p = subprocess.Popen(command(lab), env=lab.env, cwd=lab.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while logged(lab) < events and p.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        p.send_signal(signal.SIGKILL)
        p.wait()
        lab.wait_for_no_process()
        killed = log_of(lab, lab.runs()[-1]) if lab.runs() else []
        before = finished_in(killed)
        began = traced(lab)
        assert len(began) == len(set(began)), began
        assert set(before) <= set(began), "finished without having begun: %s, %s" % (before, began)
        for directory in before.values():
            check_result(directory)
        cache = lab.path(".chard/cache")
        for entry in lab.cached_results() if os.path.isdir(cache) else []:
            check_result(os.path.join(cache, entry))
        r = run_to_its_end(lab)
        assert r.returncode == 0, r.stderr
        again = traced(lab)
        assert not set(before) & set(again), "ran again: %s; %s" % (sorted(set(before) & set(again)), r.stderr)
        assert set(before) | set(again) | {s for s, status in lab.statuses().items() if status == "cached"} \
            == {name for name, _ in CELLS}
        assert all(lab.statuses()[s] == "cached" for s in before), (before, lab.statuses())
        assert check_result(lab.ends()["last"]["result"])["final"] == FINAL
        assert lab.read("data.csv") == "7,8,9"
        assert lab.events()[-1]["event"] == "run.end" and lab.events()[-1]["status"] == "ok"
        lab.wait_for_no_process()
        assert not list(half_written(lab)), list(half_written(lab))
        listed = json.loads(lab.chard("runs", "list", "--format=json").stdout)
        assert {r["status"] for r in listed[1:]} <= {"interrupted", "ok"}, listed
        return len(before)


def half_written(lab):
    """What step.py was writing when it was killed: the next run puts it away."""
    for directory, names, _ in os.walk(lab.path(".chard")):
        yield from (os.path.join(directory, n) for n in names if ".tmp-" in n)


def test_killed_at_50_moments():
    """Moments are counted in events, not in seconds, so that they are spread over a run's life on a busy machine too."""
    seed = random.randrange(1 << 30)
    draw = random.Random(seed)
    moments = [(i * EVENTS // TRIALS, draw.expovariate(1 / 0.02)) for i in range(TRIALS)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        trials = {pool.submit(trial, *m): m for m in moments}
        finished = []
        for done in concurrent.futures.as_completed(trials):
            assert not done.exception(), "killed %.3f s after event %d (seed %d): %s" % (
                trials[done][1], trials[done][0], seed, done.exception())
            finished.append(done.result())
    assert len(set(finished)) > 3, "the kills fell together: %s" % finished


def test_killed_again_and_again():
    """Each run is killed a little later than the one before, until one gets through."""
    with new_lab() as lab:
        done = set()
        for attempt in range(100):
            p = subprocess.Popen(command(lab), env=lab.env, cwd=lab.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                p.wait(0.05 + 0.05 * attempt)
            except subprocess.TimeoutExpired:
                p.kill()
            if p.wait() == 0:
                break
            ran = traced(lab)
            assert not done & set(ran), (done, ran)
            done |= set(finished_in(log_of(lab, lab.runs()[-1])) if lab.runs() else ())
        else:
            raise AssertionError("100 runs and no end")
        assert not done & set(traced(lab))
        assert check_result(lab.ends()["last"]["result"])["final"] == FINAL
        lab.wait_for_no_process()
