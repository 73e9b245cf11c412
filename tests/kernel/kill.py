"""Whoever is killed, by which signal and at which moment: no process and no file stays. 100 times in ./bootstrap check.
SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

from session import KERNEL, needs_jupyter, wait_until

TIMES = 100 if os.environ.get("CHARD_TESTS") == "all" else 12
LONGEST = 2.5  # seconds: the inner kernel is up after one
AT_ONCE = 3
# Stands for Jupyter: starts the kernel and lives on.
PARENT = "import os, subprocess, sys; os.environ['JPY_PARENT_PID'] = str(os.getpid()); subprocess.run(sys.argv[1:])"




def write_connection(path):
    names = ("shell_port", "control_port", "stdin_port", "iopub_port", "hb_port")
    document = {"transport": "ipc", "ip": path + "-s", "key": "k", "signature_scheme": "hmac-sha256"}
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**document, **dict(zip(names, range(1, 6)))}, f)


def marked(mark):
    """{pid: command line} of the living processes that have the mark in their environment."""
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/environ", "rb") as f:
                if mark not in f.read():
                    continue
            with open(path + "/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
            with open(path + "/cmdline", "rb") as f:
                found[int(os.path.basename(path))] = f.read().replace(b"\0", b" ").decode()
        except OSError:
            pass
    return found


def kill_once(seed):
    """What is wrong afterwards, or ""."""
    choice = random.Random(seed)
    home, mark = tempfile.mkdtemp(prefix="chard-test-"), uuid.uuid4().hex
    env = dict(os.environ, TMPDIR=home, HOME=home, IPYTHONDIR=home + "/ipython", MARK=mark)
    env.pop("XDG_RUNTIME_DIR", None)
    write_connection(home + "/c.json")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, KERNEL, "-f", home + "/c.json", "--", sys.executable, "-m",
                               "ipykernel_launcher", "-f", "{}"], env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(choice.uniform(0, LONGEST))
        there = marked(mark.encode())
        pid = choice.choice(sorted(there) or [parent.pid])
        # SIGINT is an interrupt, which nothing but a Python that is still starting dies of.
        how = choice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
        told = "seed %d: signal %d to %s" % (seed, how, there.get(pid, "?"))
        for signum in how, signal.SIGKILL:  # the guard of the inner kernel (base/proc.h) ends of SIGKILL alone
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
            parent.poll()
            if wait_until(lambda: pid not in marked(mark.encode()), 3):
                break
        wait_until(lambda: not set(marked(mark.encode())) - {parent.pid}, 30)
        left = marked(mark.encode())
        left.pop(parent.pid, None)
        files = glob.glob(home + "/chard-kernel-*")
        return "" if not left and not files else "%s: left %s, %s" % (told, left, files)
    finally:
        parent.kill()
        parent.wait()
        for leftover in marked(mark.encode()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(leftover, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)


@needs_jupyter
class Kill(unittest.TestCase):
    def test_nothing_stays(self):
        first = int(os.environ.get("SEED", time.time()))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [w for w in pool.map(kill_once, range(first, first + TIMES)) if w]
        self.assertEqual(wrong, [])
