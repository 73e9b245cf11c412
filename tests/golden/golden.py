"""A small notebook for each rule of chard-diagnostics(7), and what `chard check` says of it, to the letter: RULE.py (or
RULE.2.py, …) and RULE.txt beside it. After a change that is meant, `UPDATE_GOLDEN=1 make check` writes the texts anew;
the diff is the review.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import re
import subprocess
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
FOLDER = os.path.join(TOP, "tests", "golden")
# Told when the compiler itself ends (cli/batch.c), where an environment is known (tests/compiler/requirement.py), of a
# file beside the notebooks (tests/compiler/project.py).
UNSHOWN = {"large-value", "crashed", "missing-module", "project-file"}
# What is installed here must not matter.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}


def notebooks():
    return sorted(os.path.basename(p) for p in glob.glob(FOLDER + "/*.py") + glob.glob(FOLDER + "/*.ipynb")
                  if os.path.basename(p) != "golden.py")


def rule_of(name):
    return name.split(".")[0]


def check(*arguments):
    return subprocess.run([CHARD, "check", *arguments], cwd=FOLDER, env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=60)


def manual():
    with open(os.path.join(TOP, "man", "chard-diagnostics.7"), encoding="utf-8") as f:
        rules = f.read().split(".SH RULES")[1].split(".SH SEE ALSO")[0].replace("\\-", "-")
    return {word for line in re.findall(r"^\.TP\n\.BR (.*)$", rules, re.M)
            for word in re.findall(r"[a-z][a-z-]+", re.sub(r'" \(.*?\)"', "", line))}


class Golden(unittest.TestCase):
    maxDiff = None

    def test_each_says_what_it_should(self):
        for name in notebooks():
            path = os.path.join(FOLDER, os.path.splitext(name)[0] + ".txt")
            run = check(name)
            if os.environ.get("UPDATE_GOLDEN"):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(run.stdout + run.stderr)
            with self.subTest(name), open(path, encoding="utf-8") as f:
                self.assertEqual(run.stdout + run.stderr, f.read())
                self.assertEqual(run.returncode, 1 if ": error:" in run.stdout or run.stderr else 0)

    def test_json_tells_the_same(self):
        for name in notebooks():
            with self.subTest(name):
                told = json.loads(check("--format=json", name).stdout)
                self.assertIn(rule_of(name), {d["rule"] for d in told})
                text = check(name).stdout
                for d in told:
                    if d["rule"] != "unreadable":
                        place = "" if d["cell"] is None else "cell %d:" % d["cell"]
                        place += "" if d["line"] is None else "%d:%d:" % (d["line"], d["column"])
                        self.assertIn("%s:%s %s: %s [%s]" % (d["notebook"], place, d["severity"], d["message"], d["rule"]),
                                      text)
                        self.assertIn("  hint: %s\n" % d["hint"], text)

    def test_every_rule_of_the_manual_is_here_and_no_other(self):
        self.assertEqual({rule_of(name) for name in notebooks()}, manual() - UNSHOWN)


if __name__ == "__main__":
    unittest.main()
