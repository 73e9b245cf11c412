"""Notebooks and calls that are wrong in every way people get them wrong: a message that says what to do, the promised
exit status, no crash, bounded time and memory.

What goes wrong while steps run is judged by tests/engine/faults.py.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests", "engine"))
from lab import CHARD, PYTHON, Lab  # noqa: E402

with open(CHARD, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()
SLOWER = 6 if SANITIZED else 1


def cell(source, *tags, **more):
    return dict({"cell_type": "code", "id": "c", "metadata": {"tags": list(tags)}, "source": source, "outputs": [],
                 "execution_count": None}, **more)


def notebook(*cells):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)})


GOOD = notebook(cell("x = 1", "step:a"), cell("print(x)", "step:b"))


class Called:
    """One call of chard, measured."""

    def __init__(self, lab, *arguments, **popen):
        began = time.monotonic()
        process = subprocess.Popen([CHARD, *arguments], env=lab.env, cwd=lab.dir, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **popen)
        err = []
        reader = threading.Thread(target=lambda: err.append(process.stderr.read()))
        reader.start()
        self.out = process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.err, self.seconds, self.bytes = err[0], time.monotonic() - began, usage.ru_maxrss * 1024
        assert "Sanitizer" not in self.err, self.err

    def __str__(self):
        return "exit status %d\n%s\n%s" % (self.code, self.out[:2000], self.err[:2000])


class Refused(unittest.TestCase):
    """What is no notebook at all. check, compile, graph and run say the same; nothing is left behind."""

    def refused(self, content, words, code=1, name="nb.ipynb"):
        with Lab() as lab:
            if content is not None:
                with open(lab.path(name), "wb") as f:
                    f.write(content if isinstance(content, bytes) else content.encode())
            for command in (["check"], ["compile"], ["graph"], ["run", "--python", PYTHON]):
                called = Called(lab, *command, name)
                self.assertEqual(called.code, code, called)
                self.assertIn(words, called.err)
                self.assertIn(name, called.err)
                self.assertEqual(called.out, "")
            self.assertFalse(os.path.exists(lab.path(".chard")))

    def test_truncated(self):
        self.refused(GOOD[:len(GOOD) // 2], "the file is cut off: its JSON doesn't end")
        self.refused(GOOD[:-1], "the file is cut off")
        self.refused('{"cells": [{"outputs": [{"text": "abc', "the file is cut off")

    def test_empty(self):
        self.refused("", "the file is empty")
        self.refused(" \n\n", "the file is empty")

    def test_other_json(self):
        self.refused("[1]", "not a notebook: the file holds no JSON object")
        self.refused('{"a": 1}', 'it has no "cells"')
        self.refused("<html>", "not valid JSON: line 1, column")
        self.refused('{"cells": [],\n "x": tru}', "not valid JSON: line 2, column")

    def test_an_error_behind_what_is_passed_over(self):
        """Outputs are not read, yet lines are told as they are in the file."""
        self.refused('{"cells": [{"cell_type": "code",\n"outputs": [\n\n1\n],\n"source": }]}', "line 6, column")

    def test_not_utf8(self):
        self.refused(GOOD.replace('"cells"', '\n"\u00e4": 1, "cells"').encode("latin-1"),
                     "line 2: the byte 0xe4 is not UTF-8")
        self.refused(b'{"cells": [], "a": "\xc0\xaf"}', "the byte 0xc0 is not UTF-8")
        self.refused(b'{"cells": [], "a": "\xed\xa0\x80"}', "the byte 0xed is not UTF-8")
        self.refused(GOOD.encode("utf-16"), "UTF-16")

    def test_nested_json(self):
        self.refused("[" * 1000000, "nested too deeply")
        self.refused('{"cells": [], "metadata": {"x": %s1%s}}' % ("[" * 100000, "]" * 100000), "nested too deeply")

    def test_missing(self):
        self.refused(None, "No such file or directory", code=3)

    def test_unreadable(self):
        """Root reads anything, so it has to lose that power first."""
        with Lab() as lab:
            lab.write("nb.ipynb", GOOD)
            prefix = []
            os.chmod(lab.path("nb.ipynb"), 0)
            if os.getuid() == 0:
                os.chown(lab.path("nb.ipynb"), 65534, 65534)
                prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
            for command in ("check", "run"):
                r = subprocess.run([*prefix, CHARD, command, lab.path("nb.ipynb")], env=lab.env, capture_output=True, text=True)
                if "setpriv" in r.stderr:
                    self.skipTest(r.stderr)
                self.assertEqual(r.returncode, 3, r.stderr)
                self.assertIn("nb.ipynb: Permission denied", r.stderr)

    def test_a_device_without_end(self):
        with Lab() as lab:
            called = Called(lab, "check", "/dev/zero")
            self.assertEqual(called.code, 3, called)
            self.assertIn("/dev/zero: no file, and it doesn't end", called.err)
            os.symlink("nb.ipynb", lab.path("nb.ipynb"))
            self.assertEqual(Called(lab, "check", "nb.ipynb").code, 3)
            pipe = Called(lab, "check", "/dev/null")
            self.assertIn("the file is empty", pipe.err)

    def test_a_directory(self):
        with Lab() as lab:
            os.mkdir(lab.path("nb.ipynb"))
            called = Called(lab, "run", "nb.ipynb")
            self.assertEqual(called.code, 3, called)
            self.assertIn("nb.ipynb: is a directory", called.err)
            called = Called(lab, "check", "nb.ipynb")   # which takes directories
            self.assertEqual(called.code, 2, called)
            self.assertIn("no notebook below this directory", called.err)


class Diagnosed(unittest.TestCase):
    """What is a notebook, and can't become a pipeline."""

    def diagnosed(self, text, rule, words, at=None):
        with Lab() as lab:
            lab.write("nb.ipynb", text)
            called = Called(lab, "check", "--format=json", "nb.ipynb")
            self.assertEqual(called.code, 1, called)
            found = [d for d in json.loads(called.out) if d["rule"] == rule and d["severity"] == "error"]
            self.assertTrue(found, called)
            self.assertIn(words, found[0]["message"])
            self.assertTrue(found[0]["hint"], found)
            if at:
                self.assertEqual((found[0]["cell"], found[0]["line"]), at, found)
            ran = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(ran.code, 1, ran)
            self.assertIn("[%s]" % rule, ran.err)
            self.assertFalse(os.path.exists(lab.path(".chard")))
            return found[0]

    def test_cycles_by_tags(self):
        self.diagnosed(notebook(cell("x = 1", "step:a", "prev:b"), cell("y = 2", "step:b", "prev:a")), "cycle",
                       '"a" waits for "b" waits for "a"')
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(cell("x = 1", "step:a", "prev:a")))
            called = Called(lab, "check", "nb.ipynb")
            self.assertEqual(called.code, 0, called)
            self.assertIn('nb.ipynb:cell 0: warning: step "a" is to wait for itself: passed over [cycle]', called.out)
        many = [cell("pass", "step:s%d" % i, "prev:s%d" % ((i + 1) % 300)) for i in range(300)]
        self.diagnosed(notebook(*many), "cycle", '"s0" waits for "s1"')

    def test_a_cycle_by_data(self):
        """The same step above and below another that stands between its cells."""
        self.diagnosed(notebook(cell("x = 1", "step:a"), cell("y = x + 1", "step:b"), cell("z = y + x", "step:a")), "cycle",
                       '"a" waits for "b" waits for "a"')

    def test_nested_python(self):
        n = 100000
        for source in ("x = %s1%s" % ("[" * n, "]" * n), "x = %s1%s" % ("(" * n, ")" * n), "x = " + "{1: " * n + "1" + "}" * n,
                       "x = " + "+".join("1" * n), "x = a" + ".b" * n, "x = f" + "()" * n, "x = " + "not " * n + "1",
                       "x = " + "1 if 1 else " * n + "1", "x = " + "lambda: " * n + "1", "x = a" + "[a" * n + "]" * n,
                       "if 0:\n    pass\n" + "elif 0:\n    pass\n" * n,
                       "match 1:\n    case " + "[" * n + "a" + "]" * n + ":\n        pass"):
            found = self.diagnosed(notebook(cell("a = f = 1", "step:z"), cell(source, "step:a")), "syntax", "nested deeper than")
            self.assertEqual(found["cell"], 1)
            self.assertLess(len(found["message"]), 200)

    def test_nesting_that_python_takes(self):
        """Far from every limit, nothing is refused, and the innermost name is seen."""
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(cell("deep = 3", "step:a"),
                                           cell("x = " + "[" * 80 + "deep" + "]" * 80, "step:b"),
                                           cell("y = deep" + " + 1" * 400, "step:c"),
                                           cell("print(str(x)[80:81], y)", "step:d")))
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(called.code, 0, called)
            self.assertEqual(lab.log("d"), "3 403\n")

    def test_nul_characters(self):
        """Python itself refuses them, be it in a string or in a comment."""
        for source in ("x = 1\ny = 'a\0b'", "x = 1\n# \0"):
            self.diagnosed(notebook(cell(source, "step:a"), cell("print(x)", "step:b")), "syntax", "NUL", at=(0, 2))

    def test_a_parameter_that_does_not_parse(self):
        self.diagnosed(notebook(cell("N = 1 +\nM = 2", "pipeline-parameters"), cell("print(N)", "step:a")), "syntax",
                       "no Python", at=(0, 1))

    def test_parameters_that_are_no_literals(self):
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(cell("import os\nN = 3\nM = N + 1", "pipeline-parameters"),
                                           cell("print(N, M)", "step:a")))
            called = Called(lab, "check", "nb.ipynb")
            self.assertIn("parameter-not-literal", called.out)
            self.assertIn("cell 0:3:1", called.out)
            self.assertEqual(Called(lab, "run", "--python", PYTHON, "-p", "N=5", "nb.ipynb").code, 0)
            self.assertEqual(lab.log("a"), "5 6\n")
            called = Called(lab, "run", "--python", PYTHON, "-p", "M=5", "nb.ipynb")
            self.assertEqual(called.code, 2, called)


class Taken(unittest.TestCase):
    """What looks wrong, and still is a notebook that has to run."""

    def runs(self, text, step, printed, code=0):
        with Lab() as lab:
            lab.write("nb.ipynb", text)
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(called.code, code, called)
            self.assertEqual(lab.log(step), printed)
            return called

    def test_nul_characters(self):
        """Anywhere but in code they do no harm."""
        self.runs(notebook(cell("\0", cell_type="markdown"), cell("c\0de", "skip"),
                           cell("x = 'a\\0b'", "step:a", outputs=[{"output_type": "stream", "text": "\0"}]),
                           cell("print(len(x), x == 'a' + chr(0) + 'b')", "step:b")), "b", "3 True\n")

    def test_lone_surrogates_and_nan(self):
        text = notebook(cell("x = 1", "step:a"), cell("print(x)", "step:b", metadata={"tags": ["step:b"], "s": float("nan")}))
        self.runs(text.replace('"s": NaN', '"s": NaN, "t": "\\ud800"'), "b", "1\n")

    def test_a_byte_order_mark(self):
        with Lab() as lab:
            with open(lab.path("nb.ipynb"), "wb") as f:
                f.write(b"\xef\xbb\xbf" + GOOD.encode())
            self.assertEqual(Called(lab, "run", "--python", PYTHON, "nb.ipynb").code, 0)

    def test_a_step_of_several_cells(self):
        """The same name twice is one step."""
        self.runs(notebook(cell("x = 1", "step:a"), cell("y = 2", "step:b"), cell("x += 1", "step:a"),
                           cell("print(x + y)", "step:c")), "c", "4\n")

    def test_names_of_steps(self):
        names = ["a/b", "new\nline", "..", "../../up", "n" * 300, "n" * 299 + "m", "ümläut 漢字", "tab\there", "\x1b[31mred",
                 "-rf", "%s%n", "'quote\"", "."]
        cells = [cell("v%d = %d" % (i, i), "step:" + n) for i, n in enumerate(names)]
        last = cell("print([%s] == list(range(%d)))" % (", ".join("v%d" % i for i in range(len(names))), len(names)), "step:last")
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(*cells, last))
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(called.code, 0, called)
            self.assertEqual(sorted(lab.statuses()), sorted(names + ["last"]))
            self.assertEqual(lab.log("last"), "True\n")
            self.assertNotIn("\x1b", called.err)
            self.assertNotIn("\nline", called.err)
            self.assertEqual(sorted(os.listdir(lab.dir)), [".chard", "nb.ipynb"])
            again = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertIn("0 run, %d cached" % (len(names) + 1), again.out)
            for name in names[:4]:
                self.assertEqual(Called(lab, "run", "--python", PYTHON, "--from", name, "nb.ipynb").code, 0)

    def test_ten_thousand_cells(self):
        cells = [cell("v%d = %d + v%d" % (i, i, i - 1) if i else "v0 = 0", "step:s%d" % (i // 2500)) for i in range(10000)]
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(*cells, cell("print(v9999)", "step:last")))
            checked = Called(lab, "check", "nb.ipynb")
            self.assertEqual(checked.code, 0, checked)
            self.assertLess(checked.seconds, 20 * SLOWER)
            self.assertLess(checked.bytes, SLOWER * 400 << 20)
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(called.code, 0, called)
            self.assertEqual(lab.log("last"), "%d\n" % (10000 * 9999 // 2))

    def test_200_megabytes(self):
        output = {"output_type": "stream", "name": "stdout", "text": ["y" * 999 + "\n"] * 200}
        whole = notebook(cell("x = 1", "step:a", outputs=["OUTPUTS"]), cell("print(x)", "step:b"))
        head, tail = whole.split('"OUTPUTS"')
        with Lab() as lab:
            piece = json.dumps(output)
            with open(lab.path("nb.ipynb"), "w") as f:
                f.write(head + piece)
                for _ in range((200 << 20) // len(piece)):
                    f.write("," + piece)
                f.write(tail)
            size = os.path.getsize(lab.path("nb.ipynb"))
            self.assertGreater(size, 200 << 20)
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb")
            self.assertEqual(called.code, 0, called)
            self.assertEqual(lab.log("b"), "1\n")
            self.assertLess(called.seconds, 20 * SLOWER)
            self.assertLess(called.bytes, size + (SLOWER * 100 << 20), "it needs more than the file and a little")


class Places(unittest.TestCase):
    """Directories that aren't as they should be."""

    def test_it_disappears_between_load_and_run(self):
        """The file with parameters is a pipe: what is written to it comes when the notebook has been read."""
        with Lab() as lab:
            lab.write("nb.ipynb", notebook(cell("N = 1", "pipeline-parameters"), cell("print(N)", "step:a")))
            os.mkfifo(lab.path("parameters"))
            process = subprocess.Popen([CHARD, "run", "--python", PYTHON, "--params-file", "parameters", "nb.ipynb"],
                                       env=lab.env, cwd=lab.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            with open(lab.path("parameters"), "w") as f:    # opens when chard does
                os.remove(lab.path("nb.ipynb"))
                f.write('{"N": 7}')
            out = process.communicate(timeout=60)[0]
            self.assertEqual(process.returncode, 0, out)
            self.assertEqual(lab.log("a"), "7\n")

    def without_power(self, *arguments):
        return (["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []) + list(arguments)

    def test_a_directory_that_cannot_be_written(self):
        """State goes elsewhere then; where nothing can be written at all, that is said."""
        with Lab() as lab:
            here, there = lab.path("here"), lab.path("there")
            for directory in (here, there):
                os.mkdir(directory)
            lab.write("here/nb.ipynb", GOOD)
            os.chmod(here, 0o555)
            lab.env["XDG_STATE_HOME"] = there
            command = self.without_power(CHARD, "run", "--python", PYTHON, lab.path("here/nb.ipynb"))
            r = subprocess.run(command, env=lab.env, capture_output=True, text=True)
            if "setpriv" in r.stderr:
                self.skipTest(r.stderr)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual(os.listdir(here), ["nb.ipynb"])
            shutil.rmtree(there + "/chard")
            os.chmod(there, 0o555)
            r = subprocess.run(command, env=lab.env, capture_output=True, text=True)
            self.assertEqual(r.returncode, 3, r.stderr)
            self.assertIn("Permission denied", r.stderr)
            self.assertIn(there, r.stderr)
            for directory in (here, there):
                os.chmod(directory, 0o755)

    def test_few_descriptors_and_processes(self):
        """A limit of the system is an error that is told, not a hang."""
        with Lab() as lab:
            lab.write("nb.ipynb", GOOD)
            called = Called(lab, "run", "--python", PYTHON, "nb.ipynb",
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)))
            self.assertEqual(called.code, 3, called)
            self.assertIn("Too many open files", called.err)
            self.assertEqual(Called(lab, "run", "--python", PYTHON, "nb.ipynb").code, 0)
