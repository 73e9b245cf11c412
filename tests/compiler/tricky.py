"""Compiles ../shared/notebooks/tricky and holds the pipelines against truth.json, which was made by running the
notebooks: steps, where each input comes from, what waits for what. Skipped where ../shared isn't there.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import subprocess
import unittest

CHARD = os.environ.get("CHARD", "./chard")
SHARED = os.environ.get("SHARED", os.path.join(os.environ.get("TOP", "."), "..", "shared"))
TRICKY = os.path.join(SHARED, "notebooks", "tricky")


def chard(*arguments):
    return subprocess.run([CHARD, *arguments], capture_output=True, text=True, timeout=60)


def is_replicated(step, name):
    """Definitions travel as code: more of them may be listed than the truth, which knows values only."""
    return any(i["name"] == name and i["kind"] != "data" for i in step["inputs"])


@unittest.skipUnless(os.path.isdir(TRICKY), "../shared is not there")
class Tricky(unittest.TestCase):
    def diagnose(self, path, rule):
        found = json.loads(chard("check", "--format=json", path).stdout)
        self.assertIn(rule, [d["rule"] for d in found])

    def compare(self, path, truth):
        run = chard("compile", "--to", "ir", "-o", "-", path)
        self.assertEqual(run.returncode, 0, run.stderr)
        steps = {s["name"]: s for s in json.loads(run.stdout)["steps"]}
        self.assertEqual(sorted(steps), sorted(truth["steps"]))
        for name, wanted in truth["steps"].items():
            step = steps[name]
            inputs = {i["name"]: i["from"] for i in step["inputs"]}
            for needed, source in wanted["ins_from"].items():
                self.assertEqual(inputs.get(needed), source, "%s of step %s" % (needed, name))
            extra = [n for n in inputs if n not in wanted["ins"] and not is_replicated(step, n)]
            self.assertEqual(extra, [], "inputs of step %s that nobody needs" % name)
            self.assertLessEqual(set(wanted["deps"]), set(step["after"]), "what step %s waits for" % name)


def add_case(name, truth):
    def test(self):
        path = os.path.join(TRICKY, name + ".ipynb")
        if truth["cannot_be_marshalled"]:
            self.diagnose(path, "unserializable")
            return
        if "warn: dynamic" in truth["required_behaviour"]:
            self.diagnose(path, "dynamic-names")
        self.compare(path, truth)

    setattr(Tricky, "test_" + name, test)


if os.path.isdir(TRICKY):
    with open(os.path.join(TRICKY, "truth.json"), encoding="utf-8") as f:
        for case, truth in sorted(json.load(f).items()):
            add_case(case, truth)
else:
    setattr(Tricky, "test_they_are_there", lambda self: None)  # shown as skipped
