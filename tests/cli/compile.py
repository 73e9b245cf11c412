"""`chard check` and `chard compile` as a user calls them: exit statuses, streams, batches, the published schema.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import subprocess
import tempfile
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
NOTEBOOKS = os.path.join(TOP, "..", "shared", "notebooks")


def chard(*arguments, cwd=None):
    return subprocess.run([CHARD, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd)


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {"tags": ["step:s%d" % i]}, "source": s, "outputs": [],
              "execution_count": None} for i, s in enumerate(sources)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


class Usage(unittest.TestCase):
    def refused(self, arguments, words):
        run = chard(*arguments)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertIn(words, run.stderr)

    def test_mistakes_are_answered_with_a_way_out(self):
        self.refused(["chek"], "did you mean 'check'?")
        self.refused(["check", "--fromat=json", "x.ipynb"], "did you mean --format?")
        self.refused(["check", "--color=sometimes", "x.ipynb"], "auto, always or never")
        self.refused(["check"], "name a notebook")
        self.refused(["check", "--format"], "needs a value")
        self.refused(["compile", "--stop-after=lunch", "x.ipynb"], "syntax")
        self.refused(["train.ipynb"], "chard run train.ipynb")
        self.refused(["completion", "tcsh"], "bash, zsh and fish")

    def test_help_and_version(self):
        self.assertEqual(chard("--version").stdout.split()[0], "chard")
        listed = [line.split()[0] for line in chard("--help").stdout.split("Commands\n")[1].split("\n\n")[0].splitlines()]
        self.assertIn("check", listed)
        for name in listed:
            run = chard("help", name)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("Usage: chard " + name, run.stdout)

    def test_results_that_cannot_be_written_are_an_error(self):
        with open("/dev/full", "w") as full:
            run = subprocess.run([CHARD, "--version"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 3)
        self.assertIn("No space left", run.stderr)


class Batch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def test_one_bad_notebook_does_not_stop_the_others(self):
        self.write("a.ipynb", notebook("x = 1", "print(x)"))
        self.write("b.ipynb", notebook("print((1)"))
        self.write("c.ipynb", "{")
        self.write("sub/d.ipynb", notebook("y = 2", "print(y)"))
        run = chard("check", "--format=json", ".", cwd=self.folder.name)
        self.assertEqual(run.returncode, 1)
        found = [(d["notebook"], d["rule"]) for d in json.loads(run.stdout)]
        self.assertEqual(found, [("b.ipynb", "syntax"), ("c.ipynb", "unreadable")])
        self.assertIn("4 notebooks: 2 fine, 2 failed", run.stderr)

    def test_compile_repeats_the_folders(self):
        self.write("in/a.ipynb", notebook("x = 1", "print(x)"))
        self.write("in/sub/b.ipynb", notebook("print((1)"))
        self.write("in/sub/c.ipynb", notebook("x = 1", "print(x)"))
        run = chard("compile", "-o", "out", "in", cwd=self.folder.name)
        self.assertEqual(run.returncode, 1)
        out = os.path.join(self.folder.name, "out")
        written = sorted(os.path.relpath(p, out) for p in glob.glob(out + "/**/*.json", recursive=True))
        self.assertEqual(written, ["a.json", "sub/c.json"])

    def test_a_notebook_with_errors_gives_no_document(self):
        path = self.write("b.ipynb", notebook("print((1)"))
        run = chard("compile", "-o", path + ".json", path)
        self.assertEqual(run.returncode, 1)
        self.assertFalse(os.path.exists(path + ".json"))
        self.assertIn("[syntax]", run.stderr)

    def test_strict_makes_warnings_count(self):
        path = self.write("b.ipynb", notebook("print(nowhere)"))
        self.assertEqual(chard("check", path).returncode, 0)
        self.assertEqual(chard("check", "--strict", path).returncode, 1)

    def test_a_missing_file_is_the_environments_fault(self):
        self.assertEqual(chard("check", os.path.join(self.folder.name, "none.ipynb")).returncode, 3)

    def test_the_order_of_results_is_the_order_of_notebooks(self):
        names = ["n%03d.ipynb" % i for i in range(150)]
        for name in names:
            self.write(name, notebook("print(nowhere)"))
        run = chard("check", "--format=json", ".", cwd=self.folder.name)
        self.assertEqual([d["notebook"] for d in json.loads(run.stdout)], names)


class Document(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import jsonschema
        except ImportError:
            raise unittest.SkipTest("jsonschema is not installed")
        with open(os.path.join(TOP, "share/chard/pipeline.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def test_every_notebook_fits_the_schema_and_gives_the_same_bytes_twice(self):
        paths = glob.glob(TOP + "/examples/*.ipynb") + glob.glob(NOTEBOOKS + "/**/*.ipynb", recursive=True)
        compiled = 0
        for path in sorted(paths):
            with self.subTest(os.path.relpath(path, TOP)):
                run = chard("compile", path)
                if run.returncode == 1:
                    continue
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(run.stdout, chard("compile", path).stdout)
                errors = [e.message[:300] for e in self.validator.iter_errors(json.loads(run.stdout))]
                self.assertEqual(errors, [])
                compiled += 1
        self.assertGreaterEqual(compiled, 2)

    def test_the_schema_refuses_what_is_no_pipeline(self):
        document = json.loads(chard("compile", os.path.join(TOP, "examples/wine.ipynb")).stdout)
        document["steps"][0]["inputs"] = [{"name": "x"}]
        self.assertFalse(self.validator.is_valid(document))


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = chard("completion", "bash").stdout + """
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chard 2> /dev/null; printf '%s\\n' "${COMPREPLY[@]}" """
        run = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
        return run.stdout.split()

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(self.complete("chard", "comple"), ["completion"])
        self.assertEqual(self.complete("chard", "check", "--str"), ["--strict"])
        self.assertEqual(self.complete("chard", "check", "--color", "=", "a"), ["auto", "always"])
        self.assertEqual(self.complete("chard", "completion", "z"), ["zsh"])
        self.assertIn("list", self.complete("chard", "runs", ""))


if __name__ == "__main__":
    unittest.main()
