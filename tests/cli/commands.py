"""What all commands have in common: valid JSON on standard output when asked for it, colours as NO_COLOR and --color say,
help with examples that hold, every pass that can be stopped after.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import unittest

from folder import CHARD, FolderCase

TOP = os.path.abspath(os.environ.get("TOP", "."))
NOTEBOOK = """\
# %% tags=["parameters"]
n = 2

# %% tags=["step:load"]
x = [n]

# %% tags=["step:sum"]
total = sum (x)
print ("total", total)

# %% tags=["pipeline-metrics"]
print (total)
"""
BROKEN = '# %% tags=["step:a"]\nprint (missing\n'


class Case(FolderCase):
    def setUp(self):
        super().setUp()
        self.write("train.py", NOTEBOOK)
        self.write("broken.py", BROKEN)

    def chard(self, *arguments, status=None):
        return super().chard(*arguments, status=status)

    def json(self, *arguments, status=0):
        return json.loads(self.chard(*arguments, "--format=json", status=status).stdout)


class Json(Case):
    def test_check(self):
        self.assertEqual(self.json("check", "train.py"), [])
        broken, = self.json("check", ".", status=1)
        self.assertEqual((broken["notebook"], broken["rule"], broken["line"]), ("broken.py", "syntax", 1))

    def test_compile(self):
        self.assertEqual([s["name"] for s in self.json("compile", "train.py")["steps"]], ["load", "sum"])
        self.assertEqual(list(self.json("compile", ".", status=1)), ["train.py"])
        shutil.copy(os.path.join(self.folder, "train.py"), os.path.join(self.folder, "again.py"))
        self.assertEqual(list(self.json("compile", ".", status=1)), ["again.py", "train.py"])

    def test_graph(self):
        edge = {"from": "load", "to": "sum", "names": ["x"], "kind": "data"}
        self.assertIn(edge, self.json("graph", "train.py")["edges"])
        self.assertIn(edge, self.json("graph", ".", status=1)["train.py"]["edges"])
        cells = self.json("graph", "--cells", "train.py")["edges"]
        self.assertIn({"from": 1, "to": 2, "names": ["x"], "kind": "data"}, cells)

    def test_tag(self):
        self.assertEqual([t["notebook"] for t in self.json("tag", "train.py")], ["train.py"])

    def test_completion(self):
        self.assertIn("_chard", self.json("completion", "bash")["script"])

    def test_runs(self):
        run = self.json("run", "--python", sys.executable, "train.py")
        self.assertEqual((run["status"], run["ran"], run["cached"]), ("ok", 2, 0))
        again = self.json("run", "--python", sys.executable, "train.py", "-p", "n=2")
        self.assertEqual((again["status"], again["ran"], again["cached"]), ("ok", 0, 2))
        shutil.copy(os.path.join(self.folder, "train.py"), os.path.join(self.folder, "other.py"))
        never = self.chard("runs", "show", "--of", "other.py", status=2)
        self.assertIn("there are no runs of other.py in", never.stderr)
        other = self.json("run", "--python", sys.executable, "other.py")["run"]     # the last one in the folder, not of train.py
        self.assertEqual([self.json("runs", "show", "--of", name)["run"] for name in ("train.py", "other.py", ".")],
                         [again["run"], other, other])
        self.chard("runs", "rm", other)
        os.unlink(os.path.join(self.folder, "other.py"))
        listed = self.json("runs", "list")
        self.assertEqual([r["run"] for r in listed], [again["run"], run["run"]])
        self.assertEqual((listed[0]["status"], listed[0]["parameters"]), ("ok", {"n": 2}))
        shown = self.json("runs", "show", run["run"])
        self.assertEqual([(s["step"], s["status"]) for s in shown["steps"]], [("load", "ok"), ("sum", "ok")])
        self.assertEqual(shown["steps"][1]["metrics"], {"total": 2})
        self.assertIn("metric     total = 2 (sum)\n", self.chard("runs", "show", run["run"]).stdout)
        logs = {log["step"]: log["text"] for log in self.json("runs", "logs", run["run"])}
        self.assertEqual(logs["sum"].splitlines()[0], "total 2")
        self.assertTrue(os.path.exists(self.json("runs", "report", run["run"])["report"]))
        self.assertEqual(self.json("runs", "rm", run["run"][-4:]), {"removed": [run["run"]]})
        self.assertEqual([r["run"] for r in self.json("runs", "list")], [again["run"]])
        self.assertEqual(self.json("runs", "gc", "--max-size=0", "--keep=0")["runs_removed"], 1)
        self.assertEqual(self.json("runs", "list", "train.py"), [])

    def test_mistakes_leave_standard_output_alone(self):
        for words in ["check", "nowhere.py"], ["compile", "broken.py"], ["runs", "show"], ["run", "broken.py"]:
            run = self.chard(*words, "--format=json")
            self.assertIn(run.returncode, (1, 2, 3))
            self.assertNotEqual(run.stderr, "")
            if words[0] != "check":
                self.assertEqual(run.stdout, "", words)


class Colors(Case):
    def shown(self, *arguments, **environment):
        """What a terminal gets."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([CHARD, "check", *arguments, "broken.py"], stdout=theirs, stderr=theirs, cwd=self.folder,
                                   env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm",
                                        **environment})
        os.close(theirs)
        text = b""
        try:
            while block := os.read(ours, 65536):
                text += block
        except OSError: # how Linux tells that the other side is closed
            pass
        process.wait()
        os.close(ours)
        return text

    def test_a_terminal_is_colored_unless_it_is_not_wanted(self):
        self.assertIn(b"\x1b[", self.shown())
        self.assertIn(b"\x1b[", self.shown(NO_COLOR=""))
        self.assertNotIn(b"\x1b[", self.shown(NO_COLOR="1"))
        self.assertNotIn(b"\x1b[", self.shown("--color=never"))
        self.assertNotIn(b"\x1b[", self.shown(TERM="dumb"))
        self.assertIn(b"\x1b[", self.shown("--color=always", NO_COLOR="1"))

    def test_a_pipe_is_not(self):
        self.assertNotIn("\x1b[", self.chard("check", "broken.py").stdout)
        self.assertIn("\x1b[", self.chard("check", "--color=always", "broken.py").stdout)


class Help(Case):
    def commands(self):
        return re.findall(r"^  (\w+(?: \w+)?)  ", self.chard("--help").stdout.split("Commands")[1], re.M)

    def test_every_command_has_examples_of_itself(self):
        for command in self.commands():
            text = self.chard(*command.split(), "--help").stdout
            examples = text.split("\nExamples\n")[1].strip().splitlines()
            self.assertTrue(all("chard " + command in e for e in examples), command)
            for example in examples:
                self.assertLessEqual(len(example), 100, command)

    def test_examples_use_options_that_exist(self):
        for command in self.commands():
            text = self.chard(*command.split(), "--help").stdout
            for example in text.split("\nExamples\n")[1].strip().splitlines():
                for word in shlex.split(example.split("chard " + command)[1], comments=True):
                    if word.startswith("--"):
                        self.assertRegex(text.split("\nExamples\n")[0], r"(?m)^ .*" + re.escape(word.split("=")[0]) + r"\b")


class Passes(Case):
    def test_every_stage_can_be_printed(self):
        refused = self.chard("compile", "--stop-after=none", "train.py")
        self.assertEqual(refused.returncode, 2)
        passes = re.findall(r"[a-z]+", refused.stderr.split(" is ")[1].split(", not ")[0].replace(" or ", ", "))
        with open(os.path.join(TOP, "compiler", "compile.c"), encoding="utf-8") as f:
            table = re.findall(r'\{ "(\w+)", pass_', f.read())
        self.assertEqual(passes, ["notebook"] + table)
        for name in passes:
            self.assertTrue(self.json("compile", "--stop-after=" + name, "train.py"), name)


class Schema(Case):
    def test_all_shared_notebooks_compile_to_what_is_published(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("no jsonschema in this Python")
        folders = [os.path.join(TOP, "..", "shared", "notebooks", name) for name in ("kale", "tricky")]
        folders = [f for f in folders if os.path.isdir(f)] + [os.path.join(TOP, "examples")]
        with open(os.path.join(TOP, "share", "chard", "pipeline.schema.json"), encoding="utf-8") as f:
            schema = jsonschema.Draft202012Validator(json.load(f))
        self.chard("compile", "-o", "out", *folders)
        documents = glob.glob(os.path.join(self.folder, "out", "**", "*.json"), recursive=True)
        self.assertGreaterEqual(len(documents), 2)
        for path in documents:
            with open(path, encoding="utf-8") as f:
                self.assertEqual([e.message for e in schema.iter_errors(json.load(f))], [], path)


if __name__ == "__main__":
    unittest.main()
