"""`chard verify` over those notebooks of the corpus that were traced in full and run here, offline, with what tests and
examples need installed: each must compute as a pipeline what it computes straight through.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SECONDS = 50        # for all of them: what doesn't fit is told
MOST = 60           # for one
LARGEST = 5 << 20   # of the files beside a notebook that go along


def truths(corpus):
    """Paths below notebooks/ of what was traced to its end, the quickest first."""
    root, found = os.path.join(corpus, "truth"), []
    for path in glob.glob(os.path.join(root, "**", "*.truth.json"), recursive=True):
        with open(path, encoding="utf-8") as f:
            truth = json.load(f)
        if truth["status"] == "full":
            name = os.path.relpath(path, root)[:-len(".truth.json")].split(os.sep, 1)[1]
            found.append((truth["seconds"], name))
    return [name for _, name in sorted(found)]


def verify(chard, source, seconds):
    """("equal" | "equal once learned" | "differs" | "doesn't run here" | "too slow", what was said). A pipeline that fails, and
    says so, has taught the compiler: the next one must be equal."""
    with tempfile.TemporaryDirectory(prefix="chard-corpus-") as directory:
        for beside in glob.glob(os.path.join(os.path.dirname(source), "*")):
            if os.path.isfile(beside) and not beside.endswith(".ipynb") and os.path.getsize(beside) < LARGEST:
                shutil.copy(beside, directory)
        notebook = shutil.copy(source, directory)
        for verdict in "equal", "equal once learned":
            try:
                r = subprocess.run([chard, "verify", "--format=json", "--python", sys.executable, "--force", notebook],
                                   capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
                answer = json.loads(r.stdout)
            except subprocess.TimeoutExpired:
                return "too slow", ""
            except ValueError:
                return "differs", r.stderr[-2000:]
            if answer["equal"]:
                return verdict, ""
            if answer.get("straight_error") or answer.get("status") != "failed":
                break
    if answer.get("straight_error"):
        return "doesn't run here", "%(type)s: %(message)s" % answer["straight_error"]
    return "differs", r.stdout[:3000] + r.stderr[-1000:]


def verify_all(chard, corpus):
    """Prints what came of each; returns what failed, as texts."""
    end, counts, failures, left = time.monotonic() + SECONDS, {}, [], 0
    for name in truths(corpus):
        most = min(MOST, end - time.monotonic())
        if most < 5:
            left += 1
            continue
        verdict, said = verify(chard, os.path.join(corpus, "notebooks", name), most)
        counts[verdict] = counts.get(verdict, 0) + 1
        if verdict == "differs":
            failures.append("verify: %s: %s" % (name, said))
    print("verify: " + ", ".join("%s %d" % item for item in sorted(counts.items()))
          + (", no time left for %d" % left if left else ""))
    return failures
