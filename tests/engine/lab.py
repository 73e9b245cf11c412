"""What the engine's tests share: a directory with a pipeline in it, runs of `chard run` on it, and what they left.

Pipelines are written as IR documents, so that these tests judge the engine alone.
SPDX-License-Identifier: Apache-2.0"""
import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

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
        self.env["CHARD_LAB"] = self.dir    # what is started from here carries it, whatever it does

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

    def cached_results(self):
        """Names of the cache's entries."""
        return sorted(e for e in os.listdir(self.path(".chard", "cache")) if not e.startswith("."))

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
        """Processes that were started here, by whatever detours: (pid, command line)."""
        found, mark = [], b"CHARD_LAB=" + self.dir.encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    ours = mark in f.read().split(b"\0")
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    command = f.read()
            except OSError:
                continue
            if ours:
                found.append((int(pid), command.replace(b"\0", b" ").decode(errors="replace").strip()))
        return found

    def wait_until(self, condition, seconds=60, what="condition"):
        """Waits for what a condition gives (and gives it back); the time is for the slowest machine."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < end, "waited %g s in vain for: %s" % (seconds, what)
            time.sleep(0.01)

    def wait_for_no_process(self, seconds=20):
        try:
            self.wait_until(lambda: not self.processes(), seconds)
        except AssertionError:
            raise AssertionError("after %g s there still are %s" % (seconds, self.processes())) from None


# ---- a machine with little memory ----


@contextlib.contextmanager
def little_memory(size):
    """Gives a function for subprocess's preexec_fn, which puts the process into a control group with so many bytes: beyond
    them the kernel's real OOM killer comes. Skips the test where no such group may be made."""
    for folder, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = "%s/chard-test-%d" % (folder, os.getpid())
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            with open(group + "/" + limit, "w") as f:
                f.write(str(size))
        except OSError:
            os.rmdir(group)
            continue
        break
    else:
        raise unittest.SkipTest("needs leave to make a control group")

    def join():
        with open(group + "/cgroup.procs", "w") as f:
            f.write(str(os.getpid()))
    try:
        yield join
    finally:
        os.rmdir(group)


# ---- a disk that is soon full ----


def _own_mounts():
    """Gives this process mounts of its own; as root of a user namespace if it isn't root. False if it may not."""
    newns, newuser = 0x20000, 0x10000000
    libc, uid, gid = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    if libc.unshare(newns if uid == 0 else newns | newuser) != 0:
        return False
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid)):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)
    return subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL).returncode == 0


def on_small_disk(size, function):
    """Calls the function in a process whose temporary directory is a file system of that size ("8m")."""
    disk = tempfile.mkdtemp(prefix="chard-disk-")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            told = "SKIP"
            if _own_mounts() and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "none", disk],
                                                stderr=subprocess.DEVNULL).returncode == 0:
                tempfile.tempdir = disk
                function()
                told = ""
        except BaseException:
            told = traceback.format_exc()
        finally:
            os.write(write, told.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        told = f.read()
    os.waitpid(pid, 0)
    os.rmdir(disk)
    if told == "SKIP":
        raise unittest.SkipTest("needs leave to mount a small disk")
    assert not told, told
