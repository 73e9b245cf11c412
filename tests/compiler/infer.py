"""Steps of untagged notebooks: by headings, or by cells of which those that can't run in parallel are joined. What is
expected here was derived by hand from what the cells read and write.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import subprocess
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")


def md(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text, *tags):
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": text, "outputs": [], "execution_count": None}


def notebook(*cells):
    cells = [code(c) if isinstance(c, str) else c for c in cells]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1)


class Inference(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "nb.ipynb")

    def write(self, *cells):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(notebook(*cells))

    def chard(self, *arguments):
        run = subprocess.run([CHARD, *arguments, self.path], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def steps(self, *cells):
        """{name: (cells, what it waits for)}; and the same again from the tags that `chard tag --write` puts in."""
        self.write(*cells)
        found = self.compiled()
        self.chard("tag", "--write")
        self.assertEqual(self.compiled(), found, "steps from the tags that were written")
        return found

    def compiled(self):
        return {s["name"]: (s["cells"], s["after"]) for s in json.loads(self.chard("compile"))["steps"]}


class Elsewhere(Inference):
    """What stands for a database is made again where it is used; who changes the database comes in the notebook's order."""

    def after(self, *cells):
        self.write(*[code(text, "step:" + name) for name, text in cells])
        return {name: after for name, (_, after) in self.compiled().items()}

    def test_writers_come_in_order_and_readers_side_by_side(self):
        found = self.after(
            ("db", "import sqlalchemy as sa\nimport pandas as pd\nengine = sa.create_engine('sqlite:///f.db')"),
            ("make", "pd.DataFrame({'a': [1]}).to_sql('t', con=engine)"),
            ("add", "with engine.begin() as c:\n    c.execute(sa.text('insert into t values (2)'))"),
            ("one", "x = pd.read_sql('select 1', engine)"), ("two", "y = pd.read_sql('select 2', con=engine)"),
            ("more", "conn = engine.connect()\nconn.execute(sa.text('delete from t'))\nconn.commit()"))
        self.assertEqual(found["db"], [])
        self.assertEqual(found["make"], [], "it makes the engine itself")
        self.assertIn("make", found["add"])
        for reader, other in (("one", "two"), ("two", "one")):
            self.assertIn("add", found[reader])
            self.assertNotIn(other, found[reader])
        self.assertLessEqual({"add", "one", "two"}, set(found["more"]))

    def test_another_database_and_files_are_no_reason_to_wait(self):
        found = self.after(
            ("db", "import sqlalchemy as sa\nimport pandas as pd\none = sa.create_engine('postgresql://host/one')\n"
                   "two = sa.create_engine('postgresql://host/two')"),
            ("first", "pd.DataFrame({'a': [1]}).to_sql('t', one)"), ("second", "pd.DataFrame({'a': [1]}).to_sql('t', two)"),
            ("file", "open('host.txt', 'w').write('x')"), ("again", "two.dispose()"))
        self.assertEqual({n: found[n] for n in ("first", "second", "file", "again")},
                         {"first": [], "second": [], "file": [], "again": ["second"]})

    def test_a_database_that_may_be_in_memory_stays_in_its_step(self):
        for url in ("'sqlite://'", "'sqlite+pysqlite:///:memory:'", "'duckdb:///:memory:'", "url='sqlite://'", "unknown()"):
            self.write(code("import sqlalchemy as sa\ndef unknown():\n    return input()\nengine = sa.create_engine(%s)" % url, "step:db"),
                       code("with engine.begin() as c:\n    c.execute(sa.text('create table t (a)'))", "step:make"))
            run = subprocess.run([CHARD, "check", self.path], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 1, url)
            self.assertIn("`engine` (sqlalchemy.Engine) can't be handed from step \"db\" to step \"make\"", run.stdout + run.stderr)

    def test_files_of_sqlite_whatever_drives_it(self):
        found = self.after(
            ("db", "import sqlalchemy as sa\nimport pandas as pd\nengine = sa.create_engine('sqlite+pysqlite:///f.db')"),
            ("make", "pd.DataFrame({'a': [1]}).to_sql('t', engine)"), ("look", "import os\nprint(os.path.getsize('f.db'))"))
        self.assertEqual(found, {"db": [], "make": [], "look": ["make"]})

    def test_parts_of_a_client(self):
        found = self.after(
            ("db", "import pymongo\nclient = pymongo.MongoClient('mongodb://host')"),
            ("put", "client['db']['t'].insert_one({'a': 1})"), ("get", "n = client['db']['t'].count_documents({})"))
        self.assertEqual(found, {"db": [], "put": [], "get": ["put"]})


class Calls(Inference):
    def test_cells_of_chard_lines_get_no_tag(self):
        self.write(code("print(1)"), code("%chard run\n%chard graph"), code("def f():\n    pass"), code("print(2)"))
        tags = json.loads(self.chard("tag", "--format=json"))[0]["tags"]
        self.assertEqual([t["cell"] for t in tags], [0, 2, 3])


    LAST = "def last(x):\n    global total\n    rows.append(x)\n    total = total + x\n"

    def assert_changes(self, functions):
        """A call of go () does what last () does, whatever it calls meanwhile."""
        self.write(code("rows = []\ntotal = 0", "step:a"), code(self.LAST + functions, "functions"),
                   code("go(1)", "step:b"), code("print(rows, total)", "step:c"))
        steps = {s["name"]: s for s in json.loads(self.chard("compile"))["steps"]}
        self.assertEqual({i["name"]: i["from"] for i in steps["c"]["inputs"]}, {"rows": "b", "total": "b"})

    def test_calls_too_deep_to_follow_may_change_what_they_name(self):
        for n in (60, 300):
            deep = ["def f%d(x):\n    %s(x)\n" % (i, "f%d" % (i + 1) if i < n else "last") for i in range(n + 1)]
            self.assert_changes("".join(deep) + "def go(x):\n    f0(x)\n")

    def test_calls_too_many_to_follow_may_change_what_they_name(self):
        many = ["def f%d(x):\n%s" % (i, "".join("    f%d([x])\n" % k for k in range(40) if k != i)) for i in range(40)]
        self.assert_changes("".join(many) + "def go(x):\n    f0(x)\n    last(x)\n")

    def test_deep_calls_in_deeply_nested_text(self):
        for n, length in (60, 420), (250, 60):
            deep = ["def f%d(x):\n    return %s(x)%s\n" % (i, "f%d" % (i + 1) if i < n else "last", ".f(1)" * length)
                    for i in range(n + 1)]
            self.assert_changes("".join(deep) + "def go(x):\n    f0(x)\n")


class Definitions(Inference):
    def test_one_made_anew_has_its_place_between_the_cells(self):
        self.write(code("def f(x):\n    return x", "functions"), code("y = f(1)", "step:a"),
                   code("def f(x):\n    return -x\ng = f", "functions"), code("print(y, f(1), g(1))", "step:a"))
        document = json.loads(self.chard("compile"))
        self.assertEqual([s["cell"] for s in document["steps"][0]["segments"]], [0, 1, 2, 2, 3])


class Headings(Inference):
    def test_a_title_and_sections(self):
        self.assertEqual(
            self.steps(md("# Iris\nAbout flowers."), "import math", md("## Load the data"), "x = list(range(3))", "x.append(4)",
                       md("## Fit"), md("### Details"), "y = sum(x)", md("### More"), "y += 1", md("## Nothing here"), md("## End"),
                       "print(y)"),
            {"load-the-data": ([3, 4], []), "fit": ([7, 9], ["load-the-data"]), "end": ([12], ["fit"])})

    def test_chapters_alone(self):
        self.assertEqual(self.steps(md("# A"), "a = abs(-1)", md("# B"), "b = abs(-2)"), {"a": ([1], []), "b": ([3], [])})

    def test_only_deep_headings(self):
        self.assertEqual(self.steps(md("#### A"), "a = abs(-1)", md("#### B"), "b = a + abs(-2)"),
                         {"a": ([1], []), "b": ([3], ["a"])})

    def test_a_title_parts_nothing(self):
        self.assertEqual(self.steps(md("# All of it"), "a = abs(-1)", "b = abs(-2)", md("The end.")),
                         {"a": ([1], []), "b": ([2], [])})

    def test_work_before_the_first_heading(self):
        self.assertEqual(self.steps("import os", "a = abs(-1)", md("## Then"), "print(a)"),
                         {"start": ([1], []), "then": ([3], ["start"])})

    def test_headings_of_one_text(self):
        self.assertEqual(self.steps(md("## Plot"), "a = abs(-1)", md("## Plot"), "b = a + abs(-1)"),
                         {"plot": ([1], []), "plot-2": ([3], ["plot"])})

    def test_definitions_and_constants_are_no_steps(self):
        self.assertEqual(
            self.steps(md("## Setup"), "import math\nRATE = 0.1", md("## Helpers"), "def f(x): return math.floor(x * RATE)",
                       md("## One"), "a = f(abs(-20))", md("## Two"), "b = f(abs(-30))"),
            {"one": ([5], []), "two": ([7], [])})

    def test_how_headings_are_written(self):
        self.assertEqual(
            list(self.steps(md("<h2 align='center'>1. <b>Load</b></h2>"), "a = abs(-1)", md("Clean *up*\n====="), "b = abs(-2)",
                            md("text\n\n## The [plot](http://x) ##"), "c = abs(-3)", md("```\n# no heading\n```"), "d = abs(-4)",
                            md("## Modell für Äpfel 🍏"), "e = abs(-5)", md("## 加载数据"), "f = abs(-6)", md("## 🍏"), "g = abs(-7)",
                            md("#no heading"), "h = abs(-8)",
                            md("## A heading that is far too long to be the name of a step in any pipeline"), "i = abs(-9)")),
            ["1-load", "clean-up", "the-plot", "modell-für-Äpfel", "加载数据", "section", "a-heading-that-is-far-too-long-to-be-the"])

    def test_several_headings_in_one_cell(self):
        self.assertEqual(list(self.steps(md("# Title\n\n## Load"), "a = abs(-1)", md("## Show\n### It"), "print(a)")), ["load", "show"])

    def test_parameters_stay_parameters(self):
        self.assertEqual(self.steps(code("N = 3", "parameters"), md("## A"), "a = [0] * N", md("## B"), "b = abs(-N)"),
                         {"a": ([2], []), "b": ([4], [])})
        self.assertEqual([p["name"] for p in json.loads(self.chard("compile"))["parameters"]], ["N"])


class Cells(Inference):
    def test_a_chain_is_one_step(self):
        self.assertEqual(self.steps("import json", "# Load the data\nx = json.loads('[2, 1]')", "x.sort()", "y = sum(x)\nprint(y, x)"),
                         {"load-the-data": ([1, 2, 3], [])})

    def test_branches_stay_apart(self):
        #     1 -> 2 -> 3 ─┐
        #     └──> 4 -> 5 ─┴> 6
        self.assertEqual(
            self.steps("import json", "x = json.loads('[2, 1]')", "a = sorted(x)", "a.append(abs(-3))", "b = max(x)",
                       "b = b + abs(1)", "print(a, b)"),
            {"loads": ([1], []), "a": ([2, 3], ["loads"]), "b": ([4, 5], ["loads"]), "cell-6": ([6], ["a", "b"])})

    def test_an_edge_that_others_imply_keeps_nothing_apart(self):
        # 0 -> 1 -> 2 and 0 -> 2
        self.assertEqual(self.steps("x = abs(-1)", "y = abs(x)", "z = abs(x + y)"), {"x": ([0, 1, 2], [])})

    def test_independent_cells_stay_apart(self):
        self.assertEqual(self.steps("# First\na = abs(-1)", "# Second\nb = abs(-2)"), {"first": ([0], []), "second": ([1], [])})

    def test_what_only_shows_belongs_to_what_it_shows(self):
        self.assertEqual(
            self.steps("import json", "print('begin')", "d = json.loads('[1]')", "d", "print(len(d))", "e = json.dumps(d)", "e[:3]",
                       "f = json.dumps([d])", "print(e, f)"),
            {"loads": ([2, 3, 4], []), "dumps": ([5, 6], ["loads"]), "dumps-2": ([7], ["loads"]),
             "cell-1": ([1], []), "cell-8": ([8], ["dumps", "dumps-2"])})

    def test_a_value_that_changes_later_is_shown_as_it_was(self):
        # cell 1 shows x before cell 2 changes it: it stays with cell 0
        self.assertEqual(self.steps("x = sorted([3, 1])", "print(x)", "x.append(5)", "y = max(x)\nz = min(x)", "w = sum(x)"),
                         {"x": ([0, 1, 2], []), "y": ([3], ["x"]), "w": ([4], ["x"])})

    def test_files_join_too(self):
        self.assertEqual(self.steps("# Write\nopen('f.txt', 'w').write('1')", "# Read\nprint(open('f.txt').read())"),
                         {"write": ([0, 1], [])})

    def test_names_say_what_is_done(self):
        self.assertEqual(
            list(self.steps("import math as m\nclass Model:\n    def fit(self, x): self.x = x", "#@title Make it { display-mode: \"form\" }\na = abs(-1)",
                            "#### ---- Load data ----\nb = abs(-2)", "# c = abs(4)\nc = m.floor(2.5)", "model = Model()\nmodel.fit(abs(-1))",
                            "%%bash\necho hi", "for i in range(3):\n    t = i", "# https://example.org/\nq = 4 * abs(1)")),
            ["make-it", "load-data", "floor", "model", "bash", "t", "q"])
        self.assertEqual(self.steps("!mkdir -p out", "!ls out"), {"mkdir": ([0, 1], [])})

    def test_what_cannot_travel_keeps_its_step(self):
        # the generator is used up by and by: its users can't be steps of their own
        self.assertEqual(self.steps("def gen():\n    yield 1\n    yield 2", "g = gen()", "a = next(g)", "b = abs(-1)", "print(next(g))", "print(a, b)"),
                         {"gen": ([1, 2, 4], []), "b": ([3], []), "cell-5": ([5], ["gen", "b"])})
        self.assertEqual(self.steps(md("## Make"), "g = (i * i for i in range(9))", md("## Other"), "b = abs(-1)", md("## Use"), "print(next(g))"),
                         {"make": ([1, 5], []), "other": ([3], [])})

    def test_a_definition_that_is_made_anew_in_a_section_stays_there(self):
        self.assertEqual(self.steps(md("## A"), "def f(): return 1\na = f() + abs(-1)", "def f(): return 2", "b = f()", md("## B"), "print(a, b, f())"),
                         {"a": ([1, 2, 3], []), "b": ([5], ["a"])})

    def test_ten_thousand_cells(self):
        self.write(*["x%d = %s" % (i, "x%d + abs(1)" % (i - 1) if i % 100 else "abs(%d)" % i) for i in range(10000)])
        found = self.compiled()
        self.assertEqual(len(found), 100)
        self.assertEqual(found["x0"][0], list(range(100)))


if __name__ == "__main__":
    unittest.main()
