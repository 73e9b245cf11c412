"""What the engine's tests share: a directory with a pipeline in it, runs of `chard run` on it, and what they left.

Pipelines are written as IR documents, so that these tests judge the engine alone.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CHARD = os.environ.get("CHARD", "./chard")
PYTHON = os.environ.get("PYTHON", sys.executable)


def step(name, source, needs=(), leaves=(), after=(), parameters=(), cell=0, **more):
    """One step. `needs` are (name, producer) pairs; `leaves` are names."""
    inputs = [{"name": n, "from": p, "kind": "data"} for n, p in needs]
    waits = list(dict.fromkeys([p for _, p in needs] + list(after)))
    return dict({
        "name": name, "cells": [cell], "after": waits, "inputs": inputs, "outputs": list(leaves),
        "artifacts": [{"name": n, "kind": "data"} for n in leaves], "parameters": list(parameters),
        "segments": [{"cell": cell, "line": 1, "source": source}]}, **more)


class Lab:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="chard-lab-")
        self.env = dict(os.environ)
        self.env.pop("CHARD_HOME", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def pipeline(self, *steps, parameters=(), name="nb"):
        self.write(name + ".json", json.dumps({
            "version": 1, "name": name, "description": "", "notebook": self.path(name + ".ipynb"),
            "notebook_dir": self.dir, "steps": list(steps),
            "parameters": [{"name": n, "type": t, "default": d, "cell": 0} for n, t, d in parameters]}))

    def command(self, *arguments, name="nb"):
        return [CHARD, "run", "--python", PYTHON, *arguments, self.path(name + ".json")]

    def run(self, *arguments, name="nb", timeout=120, **popen):
        """Runs it to the end; the result has .returncode, .stdout and .stderr (text)."""
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        return subprocess.run(self.command(*arguments, name=name), env=self.env, cwd=self.dir, timeout=timeout,
                              text=True, errors="replace", **popen)

    def start(self, *arguments, **popen):
        return subprocess.Popen(self.command(*arguments), env=self.env, cwd=self.dir, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **popen)

    def chard(self, *arguments):
        return subprocess.run([CHARD, *arguments], env=self.env, cwd=self.dir, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)

    def runs(self):
        try:
            return sorted(r for r in os.listdir(self.path(".chard", "runs")) if r[0].isdigit())
        except FileNotFoundError:
            return []

    def events(self, run=-1):
        """Events of a run's log. Any line that isn't JSON, other than a torn last one, is an error."""
        with open(self.path(".chard", "runs", self.runs()[run], "run.jsonl")) as f:
            lines = f.read().split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def ends(self, run=-1):
        """How each step ended: {step: event}."""
        return {e["step"]: e for e in self.events(run) if e["event"] == "step.end"}

    def statuses(self, run=-1):
        return {s: e["status"] for s, e in self.ends(run).items()}

    def log(self, name, run=-1):
        with open(self.ends(run)[name]["log"], errors="replace") as f:
            return f.read()

    def processes(self):
        """Processes that have something to do with this directory: (pid, command line)."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    command = f.read()
                cwd = os.readlink("/proc/%s/cwd" % pid)
                with open("/proc/%s/stat" % pid) as f:
                    state = f.read().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and (self.dir in cwd or self.dir.encode() in command):
                found.append((int(pid), command.replace(b"\0", b" ").decode(errors="replace")))
        return found

    def wait_until(self, condition, seconds=20, what="condition"):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited %g s in vain for: %s" % (seconds, what)
            time.sleep(0.01)

    def wait_for_no_process(self, seconds=10):
        self.wait_until(lambda: not self.processes(), seconds, "no process left (%s)" % self.processes())


def main(namespace):
    """Runs every test_* function as one TAP test."""
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in namespace.items()
             if n.startswith("test_") and (not wanted or any(w in n for w in wanted))]
    print("1..%d" % len(tests), flush=True)
    failures = 0
    for i, (name, function) in enumerate(tests, 1):
        try:
            function()
            print("ok %d - %s" % (i, name[5:].replace("_", " ")), flush=True)
        except Exception as e:  # every failure is a failed test, and the next one still runs
            failures += 1
            import traceback
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print("not ok %d - %s" % (i, name[5:].replace("_", " ")), flush=True)
    sys.exit(1 if failures else 0)
