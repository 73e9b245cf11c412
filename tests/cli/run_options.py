"""Each option of `chard run`, used as a user would, on notebooks.

What goes wrong is judged by tests/engine/faults.py and bad_input.py, what the cache keeps by tests/engine/cache.py.
SPDX-License-Identifier: Apache-2.0"""
import glob
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests", "engine"))
from lab import CHARD, PYTHON, Lab  # noqa: E402

TOP = os.path.abspath(os.environ.get("TOP", "."))


def write_notebook(lab, *cells):
    """Each cell: (tags, source)."""
    lab.write("nb.ipynb", json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags}, "source": source, "outputs": [],
                   "execution_count": None} for i, (tags, source) in enumerate(cells)]}))


def run(lab, *arguments, python=PYTHON):
    more = ["--python", python] if python else []
    return subprocess.run([CHARD, "run", *more, *arguments, "nb.ipynb"], env=lab.env, cwd=lab.dir, capture_output=True,
                          text=True, timeout=120)


class Parameters(unittest.TestCase):
    DEFAULTS = (("i", "-5"), ("f", "2.5"), ("s", "'it\\'s \"x\" \\\\ \\n ü'"), ("b", "True"), ("l", "[1, 'a', [None]]"),
                ("d", "{'k': {'n': -1.5}}"), ("n", "None"))

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.__exit__)
        write_notebook(self.lab, (["parameters"], "\n".join("%s = %s" % d for d in self.DEFAULTS)),
                       (["step:show"], "for v in (i, f, s, b, l, d, n):\n    print(repr(v))"))

    def shown(self, *arguments):
        r = run(self.lab, *arguments)
        self.assertEqual(r.returncode, 0, r.stderr)
        logs = [e for e in self.lab.events() if e["event"] == "step.begin"]
        with open(logs[0]["log"]) as f:
            return dict(zip("ifsbldn", f.read().splitlines()))

    def becomes(self, name, text, literal):
        self.assertEqual(self.shown("--no-cache", "-p", "%s=%s" % (name, text))[name], repr(eval(literal)))

    def test_defaults(self):
        self.assertEqual(self.shown(), {n: repr(eval(v)) for n, v in self.DEFAULTS})

    def test_values_of_each_type(self):
        for name, text, literal in (
                ("i", "7", "7"), ("i", "-0", "0"), ("i", "9223372036854775807", "9223372036854775807"),
                ("f", "3", "3.0"), ("f", "1e-3", "0.001"), ("f", "-.5", "-0.5"), ("f", "0.1", "0.1"),
                ("b", "false", "False"), ("b", "True", "True"), ("b", "0", "False"),
                ("l", "[1, 2.5, 'x', None, True]", "[1, 2.5, 'x', None, True]"), ("l", "[]", "[]"), ("l", "(1,)", "[1]"),
                ("d", '{"a": [1], \'b\': {"c": null}}', "{'a': [1], 'b': {'c': None}}"), ("d", "{}", "{}"),
                ("n", "5", "5"), ("n", "None", "None"), ("n", "'text'", "'text'")):
            with self.subTest(name=name, text=text):
                self.becomes(name, text, literal)

    def test_text_is_taken_as_it_is(self):
        for text in ("", "plain", "it's", 'say "hi"', "back\\slash", "\\n", "two\nlines\n", "tab\t", "ü 漢字 \U0001f600", "$HOME `id`",
                     "{x}", "%s", "a=b=c", "None", "1", "'quoted'", "-p", "\x1b[0m", " space "):
            with self.subTest(text=text):
                self.assertEqual(self.shown("--no-cache", "-p", "s=" + text)["s"], repr(text))

    def test_several_and_the_last_one_counts(self):
        shown = self.shown("-p", "i=1", "-p", "s=x", "--parameter=i=2")
        self.assertEqual((shown["i"], shown["s"]), ("2", "'x'"))

    def test_a_file(self):
        values = {"i": 3, "f": 2, "s": "a\"'\\\nü\u2028\0", "b": False, "l": [[]], "d": {"": 0}, "n": "now text"}
        self.lab.write("p.json", json.dumps(values))
        shown = self.shown("--params-file", "p.json", "-p", "i=4")
        self.assertEqual(shown, {n: repr(v) for n, v in dict(values, i=4, f=2.0).items()})

    def test_what_does_not_fit_is_refused(self):
        for argument, words in (("i=1.5", "int"), ("i=x", "int"), ("i=", "int"), ("i=True", "int"), ("i=1e3", "int"),
                                ("i=99999999999999999999", "too large"), ("f=x", "float"), ("f=nan", "float"), ("f=1e999", "float"),
                                ("b=maybe", "bool"), ("b=2", "bool"), ("l={}", "list"), ("l=[1", "list"), ("l=[f()]", "list"),
                                ("d=[]", "dict"), ("d={1: 2}", "dict"), ("d={'a'}", "dict"), ("x=1", "no parameter"),
                                ("j=1", "did you mean"), ("i", "NAME=VALUE"), ("=1", "NAME=VALUE")):
            with self.subTest(argument=argument):
                r = run(self.lab, "-p", argument)
                self.assertEqual(r.returncode, 2, r.stderr)
                self.assertIn(words, r.stderr)
                self.assertEqual(r.stderr.count("\n"), 1, r.stderr)
        self.assertEqual(self.lab.runs(), [])

    def test_files_that_are_refused(self):
        for text, words, code in (("[1]", "object", 2), ('{"i": "x"}', "int", 2), ('{"zz": 1}', "no parameter", 2), ("{", "p.json", 2),
                                  (None, "No such file", 3)):
            with self.subTest(text=text):
                if text is None:
                    os.remove(self.lab.path("p.json"))
                else:
                    self.lab.write("p.json", text)
                r = run(self.lab, "--params-file", "p.json")
                self.assertEqual(r.returncode, code, r.stderr)
                self.assertIn(words, r.stderr)
                self.assertIn("p.json", r.stderr)

    def test_only_steps_that_use_one_run_again(self):
        write_notebook(self.lab, (["parameters"], "a = 1\nb = 2"), (["step:x"], "x = a"), (["step:y"], "y = b"),
                       (["step:z"], "print(x, y)"))
        self.assertEqual(run(self.lab).returncode, 0)
        self.assertEqual(run(self.lab, "-p", "a=5").returncode, 0)
        self.assertEqual(self.lab.statuses(), {"x": "ok", "y": "cached", "z": "ok"})
        self.assertEqual(self.lab.log("z"), "5 2\n")


# By way of the system's own calls, which the compiler doesn't look at: no dependency between the steps is seen.
MEET = """import os, time
os.close(os.open(%r, os.O_CREAT))
while not os.access(%r, os.F_OK):
    time.sleep(0.005)
"""


class Scheduling(unittest.TestCase):
    def overlaps(self, *arguments):
        """Runs two steps, each of which waits until the other has begun; whether both saw it."""
        with Lab() as lab:
            write_notebook(lab, (["step:a", "timeout:3"], MEET % ("a", "b")), (["step:b", "timeout:3"], MEET % ("b", "a")))
            r = run(lab, "-k", *arguments)
            return r.returncode == 0

    def test_jobs(self):
        self.assertTrue(self.overlaps("-j2"))
        self.assertFalse(self.overlaps("-j1"))
        self.assertFalse(self.overlaps("--jobs=1"))

    def test_cores_that_a_step_asks_for(self):
        with Lab() as lab:
            write_notebook(lab, (["step:a", "timeout:3", "limit:cpu:2"], MEET % ("a", "b")),
                           (["step:b", "timeout:3"], MEET % ("b", "a")))
            self.assertEqual(run(lab, "-k", "-j2").returncode, 1)
            self.assertFalse(os.path.exists(lab.path("b")) and lab.statuses()["a"] == "ok")
            os.remove(lab.path("a"))
            self.assertEqual(run(lab, "-k", "-j3").returncode, 0)


class Choice(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.__exit__)
        trace = "import os\nos.write(os.open('trace', os.O_WRONLY | os.O_APPEND), b'%s')\n"
        write_notebook(self.lab, (["step:a"], trace % "a" + "x = 1"), (["step:b"], trace % "b" + "y = x + 1"),
                       (["step:c"], trace % "c" + "z = 9"), (["step:d"], trace % "d" + "print(y, z)"))

    def ran(self, *arguments, code=0):
        self.lab.write("trace", "")
        r = run(self.lab, "-j1", *arguments)
        self.assertEqual(r.returncode, code, r.stderr)
        self.err = r.stderr
        return "".join(sorted(self.lab.read("trace")))

    def test_from_only_and_no_cache(self):
        self.assertEqual(self.ran("--only", "b", code=2), "")
        self.assertIn("run without --only first", self.err)
        self.assertEqual(self.ran(), "abcd")
        self.assertEqual(self.ran(), "")
        self.assertEqual(self.ran("--from", "b"), "bd")
        self.assertEqual(self.ran("--only", "b"), "b")
        self.assertEqual(self.ran("--no-cache"), "abcd")
        self.assertEqual(self.ran("--from", "nope", code=2), "")
        self.assertIn("the notebook has a, b, c, d", self.err)
        self.assertEqual(self.ran("--from", "a", "--only", "a", code=2), "")

    def test_keep_going(self):
        write_notebook(self.lab, (["step:bad"], "1/0"), (["step:behind", "prev:bad"], "pass"), (["step:other"], "x = 1"),
                       (["step:more"], "print(x)"))
        self.assertEqual(run(self.lab, "-j1").returncode, 1)
        self.assertEqual(self.lab.statuses(), {"bad": "failed", "behind": "skipped", "other": "skipped", "more": "skipped"})
        self.assertEqual(run(self.lab, "-j1", "--keep-going").returncode, 1)
        self.assertEqual(self.lab.statuses(), {"bad": "failed", "behind": "skipped", "other": "ok", "more": "ok"})


class Launching(unittest.TestCase):
    def test_isolated_equals_the_zygotes(self):
        """The same values and the same output, by whichever way the steps are started."""
        cells = ((["imports"], "import json, math, os, sys"), (["parameters"], "N = 4"),
                 (["step:a"], "x = {'l': [math.pi] * N, 's': {1, 2, 'ü'}}\nclass C:\n    v = 1\nc = C()\nc.me = c"),
                 (["step:b"], "x['l'].append(c.me.v)\nprint(sorted(map(str, x['s'])))\nx"),
                 (["step:c"], "print(json.dumps(x['l']), __name__, sys.argv[1:], os.path.basename(os.getcwd()) != '', hash('a'))"))
        with Lab() as lab:
            write_notebook(lab, *cells)
            seen = []
            for arguments in ([], ["--isolated"]):
                self.assertEqual(run(lab, "--no-cache", *arguments).returncode, 0)
                values = []
                for name in ("a", "b", "c"):
                    with open(lab.ends()[name]["result"] + "/values.json") as f:
                        values.append([(g["names"], g["sha256"]) for g in json.load(f)["groups"]])
                    with open(lab.ends()[name]["result"] + "/outputs.ipynb") as f:
                        values.append([c["outputs"] for c in json.load(f)["cells"]])
                seen.append((values, [lab.log(n) for n in ("a", "b", "c")]))
                started = os.path.exists(lab.path(".chard/runs", lab.runs()[-1], "zygote.log"))
                self.assertEqual(started, not arguments)
            self.assertEqual(seen[0], seen[1])

    def test_python(self):
        """A Python of one's own: named, by the kernel's name, or found in PATH."""
        with Lab() as lab:
            wrapper = lab.path("my python")
            lab.write("my python", "#!/bin/sh\nMINE=yes exec '%s' \"$@\"\n" % PYTHON)
            os.chmod(wrapper, 0o755)
            write_notebook(lab, (["step:a"], "import os\nprint(os.environ.get('MINE'))"))
            self.assertEqual(run(lab, python=wrapper).returncode, 0)
            self.assertEqual(lab.log("a"), "yes\n")
            begin = lab.events()[0]
            self.assertEqual(begin["python"], wrapper)
            for python, words in ((lab.path("nowhere"), "not a program that can be run"), ("/etc/passwd", "not a program"),
                                  (lab.dir, "not a program"), ("/bin/true", "/bin/true")):
                r = run(lab, python=python)
                self.assertEqual(r.returncode, 3, r.stderr)
                self.assertIn(words, r.stderr)


class Trying(unittest.TestCase):
    FLAKY = "open('tries', 'a').write('x')\nassert len(open('tries').read()) > %d, 'not yet'\nprint('done')"

    def attempts(self, tags, *arguments, failures=2):
        with Lab() as lab:
            write_notebook(lab, (["step:a", *tags], self.FLAKY % failures))
            r = run(lab, *arguments)
            retries = [e for e in lab.events() if e["event"] == "step.retry"]
            end = lab.ends()["a"]
            self.assertEqual(len(retries) + 1, len(lab.read("tries")))
            for before, after in zip(retries, retries[1:]):
                self.assertGreater(after["delay"], before["delay"] * 0.6)   # doubled, each within half and one and a half
            return r.returncode, len(lab.read("tries")), end["status"]

    def test_retries(self):
        self.assertEqual(self.attempts([]), (1, 1, "failed"))
        self.assertEqual(self.attempts([], "--retries", "1"), (1, 2, "failed"))
        self.assertEqual(self.attempts([], "--retries=2"), (0, 3, "ok"))
        self.assertEqual(self.attempts(["retry:2"]), (0, 3, "ok"))
        self.assertEqual(self.attempts(["retry:0"], "--retries=5"), (1, 1, "failed"))    # the step's own word

    def test_what_fails_the_same_again_is_not_tried_again(self):
        with Lab() as lab:
            write_notebook(lab, (["step:a", "retry:3"], "open('tries', 'a').write('x')\nf = open('tries')"),
                           (["step:b"], "print(f.read())"))
            run(lab, "--force")
            self.assertLessEqual(len(lab.read("tries")) if os.path.exists(lab.path("tries")) else 0, 1)

    def test_timeout(self):
        with Lab() as lab:
            write_notebook(lab, (["step:a", "timeout:1s", "retry:1"], "import time\ntime.sleep(100)"), (["step:b"], "x = 1"))
            r = run(lab, "-k")
            self.assertEqual(r.returncode, 1)
            self.assertEqual(lab.statuses(), {"a": "timeout", "b": "ok"})
            self.assertEqual(lab.ends()["a"]["attempt"], 2)
            self.assertIn("timeout of 1 s", r.stderr)


class Events(unittest.TestCase):
    def test_json_events(self):
        """Each line an event as the run log has it; the schema says which fields."""
        with Lab() as lab:
            write_notebook(lab, (["step:a\nb"], "print('noise')\nx = 1"), (["step:bad", "retry:1"], "x\n1/0"),
                           (["step:never", "prev:bad"], "pass"))
            r = run(lab, "--json-events")
            self.assertEqual(r.returncode, 1)
            events = [json.loads(line) for line in r.stdout.splitlines()]
            self.assertEqual(events, lab.events())
            self.assertEqual([(e["event"], e.get("step"), e.get("status")) for e in events], [
                ("run.begin", None, None), ("step.begin", "a\nb", None), ("step.end", "a\nb", "ok"), ("step.begin", "bad", None),
                ("step.retry", "bad", None), ("step.begin", "bad", None), ("step.end", "bad", "failed"),
                ("step.end", "never", "skipped"), ("run.end", None, "failed")])
            error = events[6]["error"]
            self.assertEqual((error["type"], error["cell"], error["line"]), ("ZeroDivisionError", 1, 2))
            try:
                import jsonschema
            except ImportError:
                self.skipTest("the rest needs jsonschema")
            with open(os.path.join(TOP, "share", "chard", "events.schema.json")) as f:
                schema = json.load(f)
            for event in events:
                jsonschema.validate(event, schema)
            self.assertEqual(run(lab, "--json-events").returncode, 1)
            for event in lab.events():
                jsonschema.validate(event, schema)

    def test_the_schema_knows_every_event(self):
        said = set()
        for source in glob.glob(os.path.join(TOP, "engine", "*.c")):
            with open(source, encoding="utf-8") as f:
                said |= set(re.findall(r'(?:"event", |runner_step_event \()"([a-z]+\.[a-z]+)"', f.read()))
        with open(os.path.join(TOP, "share", "chard", "events.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        self.assertEqual(set(schema["properties"]["event"]["enum"]), said)
        self.assertEqual([kind["$ref"] for kind in schema["oneOf"]],
                         ["#/$defs/" + event for event in schema["properties"]["event"]["enum"]])
