"""Kale's own notebooks (../shared/notebooks/kale): all compile to the steps and edges of their tags, and those that need
nothing but installed packages pass `chard verify`. Its README tells how many steps each has.
Skipped where ../shared isn't there.
SPDX-License-Identifier: Apache-2.0"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")
PYTHON = os.environ.get("CHARD_TEST_PYTHON", sys.executable)
SHARED = os.environ.get("SHARED", os.path.join(os.environ.get("TOP", "."), "..", "shared"))
KALE = os.path.join(SHARED, "notebooks", "kale")
NEW, OLD = "kale-2.3.0/", "kale-legacy/"

OFFLINE = (     # the first are run everywhere, all of them under CHARD_TESTS=all
    OLD + "examples/base/candies_sharing.ipynb",
    NEW + "examples/iris/xgboost/iris.ipynb",
    NEW + "examples/composition/main_mixed.ipynb",
    OLD + "backend/kale/tests/assets/notebooks/pipeline_parameters_and_metrics.ipynb",
    NEW + "kale/tests/assets/notebooks/mount_pvc.ipynb",
    NEW + "examples/composition/notebook_a.ipynb",
    NEW + "examples/iris/sklearn/iris.ipynb",
    NEW + "examples/serving/sklearn/iris.ipynb",
    OLD + "examples/serving/sklearn/iris.ipynb",
)
NEEDS = {"xgboost": ("xgboost/iris",), "sklearn": ("iris",)}


def has(module):
    return subprocess.run([PYTHON, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('%s'))" % module]).returncode == 0


def told_by_tags(path):
    """({step: what its prev: tags name}, composed notebooks), read from the file by rules of Kale's own."""
    with open(path, encoding="utf-8") as f:
        cells = json.load(f)["cells"]
    steps, composed = {}, 0
    for tags in (c["metadata"].get("tags") or [] for c in cells if c["cell_type"] == "code"):
        names = [t.partition(":")[2] for t in tags if re.match(r"(step|block):.", t)]
        composed += sum(t.startswith("notebook:") for t in tags)
        for name in names:
            steps.setdefault(name, set()).update(t[5:] for t in tags if t.startswith("prev:"))
    return steps, composed


@unittest.skipUnless(os.path.isdir(KALE), "../shared is not there")
class Kale(unittest.TestCase):
    def compile(self, name):
        r = subprocess.run([CHARD, "compile", os.path.join(KALE, name)], capture_output=True, text=True, timeout=60)
        self.assertEqual(r.returncode, 0, r.stderr)
        return {s["name"]: s for s in json.loads(r.stdout)["steps"]}

    def test_all_compile(self):
        with open(os.path.join(KALE, "README.md"), encoding="utf-8") as f:
            listed = re.findall(r"^\| (kale-\S+\.ipynb) \| (\d+) \|", f.read(), re.M)
        self.assertEqual(sorted(n for n, _ in listed),
                         sorted(os.path.relpath(p, KALE) for p in glob.glob(KALE + "/**/*.ipynb", recursive=True)))
        for name, count in listed:
            with self.subTest(name):
                told, composed = told_by_tags(os.path.join(KALE, name))
                steps = self.compile(name)
                if int(count):
                    self.assertEqual(len(told) + (composed and not told), int(count))
                if not composed and told:
                    # One has work above its first step, which has to be done somewhere.
                    self.assertEqual(set(steps) - ({"start"} if "dog-breed-katib" in name else set()), set(told))
                    self.check_edges(steps, told)

    def check_edges(self, steps, told):
        for step, wanted in told.items():
            after = set(steps[step]["after"])
            gets = {i["from"] for i in steps[step]["inputs"] + steps[step].get("files", [])}
            self.assertLessEqual(wanted, after, "prev: of %s" % step)
            self.assertLessEqual(after, wanted | gets, "edges of %s that neither tags nor data ask for" % step)

    def test_a_name_that_no_step_provides(self):
        """notebook_b is made to follow notebook_a; alone it lacks what that one makes."""
        r = subprocess.run([CHARD, "check", "--format=json", os.path.join(KALE, NEW, "examples/composition/notebook_b.ipynb")],
                           capture_output=True, text=True, timeout=60)
        found = {re.search("`(.*?)`", d["message"]).group(1) for d in json.loads(r.stdout) if d["rule"] == "unresolved-name"}
        self.assertEqual(found, {"names", "dataset", "weights"})

    def verify(self, name):
        for module, parts in NEEDS.items():
            if any(p in name for p in parts) and not has(module):
                self.skipTest("needs " + module)
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(os.path.dirname(os.path.join(KALE, name)), directory, dirs_exist_ok=True)
            subprocess.run(["chmod", "-R", "u+w", directory], check=True)
            r = subprocess.run([CHARD, "verify", "--format=json", "--python", PYTHON,
                                os.path.join(directory, os.path.basename(name))], capture_output=True, text=True, timeout=500)
            self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
            answer = json.loads(r.stdout)
            self.assertTrue(answer["equal"] and answer["status"] == "ok" and answer["compared"])
            self.assertEqual(answer["skipped"], [])


for number, notebook in enumerate(OFFLINE):
    if number < 3 or os.environ.get("CHARD_TESTS") == "all":
        setattr(Kale, "test_verify_" + re.sub(r"\W", "_", notebook), lambda self, name=notebook: self.verify(name))
