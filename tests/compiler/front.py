"""What notebooks say of themselves, as `chard compile` understands it: tags, directives, metadata of all Kale versions,
parameters of all types, percent scripts as Jupytext writes them.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import json
import os
import random
import subprocess
import tempfile
import unittest

from IPython.core.inputtransformer2 import TransformerManager

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))


def code(source, *tags):
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [],
            "execution_count": None}


def chard(*arguments, cwd=None):
    return subprocess.run([CHARD, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        return name

    def compiled(self, name):
        run = chard("compile", name, cwd=self.folder)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.told = run.stderr
        return json.loads(run.stdout)

    def notebook(self, *cells, kubeflow=None):
        document = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        if kubeflow is not None:
            document["metadata"]["kubeflow_notebook"] = kubeflow
        return self.compiled(self.write("a.ipynb", json.dumps(document)))

    def only_step(self, *cells, kubeflow=None):
        return self.notebook(*cells, kubeflow=kubeflow)["steps"][0]


class Tags(Case):
    def test_every_setting_reaches_its_step(self):
        step = self.only_step(code("n = 2", "pipeline-parameters"),
                              code("if n > 1:\n    x = 1", "step:a", "limit:memory:4Gi", "limit:nvidia.com/gpu:1", "label:team:blue",
                                   "annotation:note:a:b:c", "image:host:5000/x:1", "secret:s:k:E", "cache:disabled",
                                   "report:disabled", "retry:3", "timeout:1h30m", "env:A=b:c", "env:B:c=d",
                                   "volume:v:/data:5Gi", "register:m", "serve:m", "when:n > 1",
                                   "node:example.com/disk:ssd", "toleration:gpu", "toleration:team=red:NoExecute"))
        wanted = {"limits": {"memory": "4Gi", "nvidia.com/gpu": "1"}, "labels": {"team": "blue"},
                  "annotations": {"note": "a:b:c"}, "image": "host:5000/x:1", "cache": False, "report": False,
                  "secrets": [{"name": "s", "key": "k", "env": "E"}], "retries": 3, "timeout": 5400,
                  "env": {"A": "b:c", "B": "c=d"}, "register": "m", "serve": "m", "when": "n > 1",
                  "nodes": {"example.com/disk": "ssd"}, "tolerations": {"gpu": "", "team=red": "NoExecute"},
                  "volumes": [{"name": "v", "mount_point": "/data", "type": "pvc", "size": "5Gi"}]}
        self.assertEqual({k: step.get(k) for k in wanted}, wanted)

    def test_a_schedule_is_the_pipelines(self):
        pipeline = self.notebook(code("x = 1", "step:a"), code("#| step: b\n#| schedule: 0 6 * * mon-fri\ny = x"),
                                 code("z = 1", "timezone:Europe/Berlin", "schedule:0 6 * * mon-fri"))
        self.assertEqual((pipeline["schedule"], pipeline["timezone"]), ("0 6 * * mon-fri", "Europe/Berlin"))
        self.assertNotIn("schedule", self.notebook(code("x = 1", "skip", "schedule:@daily"), code("y = 2")))
        for tags, told in ((["schedule:0 6 * *"], "five are wanted"), (["schedule:@daily", "timezone:Mars/Base"], "Mars/Base"),
                           (["schedule:@daily", "schedule:@hourly"], "@"), (["timezone:UTC"], "no cell has a schedule:")):
            name = self.write("a.ipynb", json.dumps({"cells": [code("x = 1", tags[0]), code("y = 2", *tags[1:])],
                                                     "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
            run = chard("check", name, cwd=self.folder)
            self.assertEqual(run.returncode, 0 if tags == ["timezone:UTC"] else 1, run.stdout)
            self.assertIn(told, run.stdout)

    def test_directive_comments_say_the_same(self):
        pipeline = self.notebook(code("x = 1", "step:a"),
                                 code("\n#| step: b\n#|after:a\n#|  retry : 2 \n#| timeout: 90s\ny = 2"))
        self.assertEqual([s["name"] for s in pipeline["steps"]], ["a", "b"])
        self.assertEqual(pipeline["steps"][1]["after"], ["a"])
        self.assertEqual((pipeline["steps"][1]["retries"], pipeline["steps"][1]["timeout"]), (2, 90))

    def test_blanks_in_directives_are_no_part_of_values(self):
        step = self.only_step(code("#| step: a\n#| limit:memory: 2Gi\n#| limit: cpu:500m\n#| label: team : blue\nx = 1"))
        self.assertEqual((step["limits"], step["labels"]), ({"memory": "2Gi", "cpu": "500m"}, {"team": "blue"}))

    def test_limits_are_quantities(self):
        """By the grammar of Kubernetes, which refuses anything else when the pipeline is submitted."""
        for value in ("1", "0.5", "500m", "4Gi", "1.5Gi", "1e3", "1E-3", "100k", ".5", "2."):
            self.assertEqual(self.only_step(code("x = 1", "step:a", "limit:memory:" + value))["limits"], {"memory": value})
        for value in ("lots", "4GB", "4 Gi", "-1", "", "1.2.3", "Gi", ".", "4gi", "1e", "0x10"):
            name = self.write("a.ipynb", json.dumps({"cells": [code("x = 1", "step:a", "limit:memory:" + value)],
                                                     "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
            run = chard("check", name, cwd=self.folder)
            self.assertEqual(run.returncode, 1, value)
            self.assertIn("limit:memory:2Gi", run.stdout)

    def test_what_is_not_ours_is_left_alone(self):
        pipeline = self.notebook(code("#| label: fig-loss\n#| fig-cap: 'a: b'\n#| echo: false\n#| export\nx = 1",
                                      "step:a", "hide-input", "remove_cell", "parameters-of-mine", "a:b", ""))
        self.assertEqual(self.told, "")
        self.assertEqual([s["name"] for s in pipeline["steps"]], ["a"])

    def test_a_misspelt_tag_is_told(self):
        self.notebook(code("x = 1", "setp:a"))
        self.assertIn('did you mean "step"?', self.told)

    def test_both_generations_of_step_tags(self):
        pipeline = self.notebook(code("x = 1", "block:a"), code("x += 1", "block:"), code("y = x", "step:b", "prev:a"),
                                 code("y += 1", "step:"))
        self.assertEqual([(s["name"], s["cells"]) for s in pipeline["steps"]], [("a", [0, 1]), ("b", [2, 3])])

    def test_cells_of_nothing_but_chards_lines_belong_to_no_step(self):
        calls = [code("# look\n%chard run\n%chard check"), code("%load_ext chard"), code("%%chard run\n--jobs 2")]
        pipeline = self.notebook(*calls, code("x = [1]", "step:a"), *calls, code("print(x)\n%chard check"))
        self.assertEqual([s["cells"] for s in pipeline["steps"]], [[3, 7]])
        heading = {"cell_type": "markdown", "metadata": {}}
        pipeline = self.notebook({**heading, "source": "# A"}, code("x = [1]\nprint(x)"), *calls, {**heading, "source": "# B"},
                                 code("print(x)\n%chard check"))
        self.assertEqual([s["cells"] for s in pipeline["steps"]], [[1], [6]])

    def test_skipped_cells_take_no_part(self):
        pipeline = self.notebook(code("x = 1", "step:a"), code("x = 2", "skip"), code("y = x", "step:b"))
        self.assertEqual(pipeline["steps"][1]["inputs"], [{"name": "x", "from": "a", "kind": "data"}])
        self.assertNotIn(1, [c for s in pipeline["steps"] for c in s["cells"]])


class Metrics(Case):
    """What a cell tagged pipeline-metrics shows is recorded; what it computes is computed."""

    def made(self, source, *after):
        pipeline = self.notebook(code("x = list(range(3))", "step:a"), code("y = sum(x) / 2", "step:b"),
                                 code("z = max(x)", "step:c"), code(source, "pipeline-metrics"), *after)
        return [(s["name"], s["cells"], s.get("metrics", [])) for s in pipeline["steps"]]

    def test_one_that_only_prints_belongs_to_no_step(self):
        for source in ("print(y)\nprint(z)", "print('y:', y, 'z:', z, sep='')\n# done", "y\nz", "print(f'{y:.3f} of {z}')"):
            self.assertEqual(self.made(source), [("a", [0], []), ("b", [1], ["y"]), ("c", [2], ["z"])], source)

    def test_one_that_computes_runs_in_the_step_before(self):
        for source in ("ratio = y / z\nprint(ratio)\nprint(x[0])", "for ratio in [y / z]:\n    pass\nratio"):
            self.assertEqual(self.made(source), [("a", [0], []), ("b", [1], []), ("c", [2, 3], ["ratio"])], source)
        self.assertEqual(self.made("print(round(y))", code("y += 1", "step:d")),
                         [("a", [0], []), ("b", [1], []), ("c", [2, 3], []), ("d", [4], [])])

    def test_later_steps_get_what_it_computes(self):
        pipeline = self.notebook(code("x = list(range(3))", "step:a"), code("y = sum(x)\nprint(y)", "pipeline-metrics"),
                                 code("print(y)", "step:b"))
        self.assertEqual(pipeline["steps"][1]["inputs"], [{"name": "y", "from": "a", "kind": "data"}])

    def test_untagged_notebooks(self):
        pipeline = self.notebook(code("x = list(range(3))"), code("y = [sum(x)]"), code("z = [max(x)]"),
                                 code("ratio = y[0] / z[0]\nprint(ratio)", "pipeline-metrics"))
        self.assertIn((3, ["ratio"]), [(s["cells"][-1], s.get("metrics")) for s in pipeline["steps"]])


class Metadata(Case):
    def test_a_steps_own_setting_wins_over_the_defaults(self):
        kubeflow = {"steps_defaults": ["retry:9", "label:a:default", "label:b:default", "secret:s1:k:E",
                                       "secret:s2:k:F", "cache:enabled", "timeout:5", "image:x:1"],
                    "enable_caching": False}
        mine, plain = self.notebook(code("x = 1", "step:mine", "retry:1", "label:a:mine", "secret:own:k:E",
                                         "cache:disabled", "timeout:7", "image:y:2"), code("y = 2", "step:plain"),
                                    kubeflow=kubeflow)["steps"]
        self.assertEqual((mine["retries"], mine["timeout"], mine["cache"], mine["image"]), (1, 7, False, "y:2"))
        self.assertEqual(mine["labels"], {"a": "mine", "b": "default"})
        self.assertEqual([(s["name"], s["env"]) for s in mine["secrets"]], [("own", "E"), ("s2", "F")])
        self.assertEqual((plain["retries"], plain["timeout"], plain["cache"], plain["image"]), (9, 5, True, "x:1"))

    def test_defaults_as_an_object(self):
        step = self.only_step(code("x = 1", "step:a"), kubeflow={"steps_defaults": {
            "labels": {"a": "b"}, "limits": {"cpu": "2"}, "annotations": {"n": "x:y"}, "base_image": "x:1",
            "secrets": {"E": {"secret_name": "s", "secret_key": "k"}}, "enable_caching": True,
            "generate_html_report": False}})
        self.assertEqual((step["labels"], step["limits"], step["annotations"]), ({"a": "b"}, {"cpu": "2"}, {"n": "x:y"}))
        self.assertEqual((step["image"], step["cache"], step["report"]), ("x:1", True, False))
        self.assertEqual(step["secrets"], [{"name": "s", "key": "k", "env": "E"}])

    def test_old_and_new_spellings(self):
        old = self.notebook(code("x = 1", "block:a"), kubeflow={
            "pipeline_name": "p", "experiment": {"id": "7", "name": "from-object"}, "docker_image": "old:1",
            "autosnapshot": True, "katib_run": False})
        self.assertEqual((old["name"], old["experiment"], old["image"]), ("p", "from-object", "old:1"))
        new = self.notebook(code("x = 1", "step:a"), kubeflow={
            "pipeline_description": "d", "experiment": {"name": "no"}, "experiment_name": "yes", "base_image": "new:2",
            "docker_image": "old:1"})
        self.assertEqual((new["description"], new["experiment"], new["image"]), ("d", "yes", "new:2"))

    def test_security(self):
        def said(**context):
            return self.notebook(code("x = 1"), kubeflow={"security_context": context}).get("security")
        self.assertEqual(said(enabled=True, run_as_user=65534, run_as_group=0, run_as_non_root=True),
                         {"runAsUser": 65534, "runAsGroup": 0, "runAsNonRoot": True})
        self.assertEqual(said(run_as_user=-1, run_as_group="x", run_as_non_root=False), {"runAsNonRoot": False})
        self.assertIsNone(said(enabled=False, run_as_user=1))
        self.assertIsNone(said())

    def test_volumes(self):
        pipeline = self.notebook(code("x = 1", "step:a", "env:KALE_VOLUME_MINE:/elsewhere"), kubeflow={
            "storage_class_name": "slow", "volume_access_mode": "rwm", "volumes": [
                {"name": "my.data-1", "mount_point": "/data", "type": "new_pvc", "size": 5, "size_type": "Gi",
                 "annotations": [{"key": "k", "value": "v"}, {"key": "", "value": ""}], "snapshot": False,
                 "storage_class_name": "fast", "volume_access_mode": "rwo", "expose_as_env_var": True},
                {"name": "mine", "mount_point": "/mine", "type": "pvc", "expose_as_env_var": True},
                {"name": "no mount point"}]})
        self.assertEqual(pipeline["volumes"], [
            {"name": "my.data-1", "mount_point": "/data", "type": "new_pvc", "size": "5Gi", "storage_class": "fast",
             "access_mode": "ReadWriteOnce", "annotations": {"k": "v"}},
            {"name": "mine", "mount_point": "/mine", "type": "pvc", "storage_class": "slow",
             "access_mode": "ReadWriteMany"}])
        self.assertEqual(pipeline["steps"][0]["env"], {"KALE_VOLUME_MY_DATA_1": "/data",
                                                       "KALE_VOLUME_MINE": "/elsewhere"})


class Parameters(Case):
    LITERALS = ["-3", "+3", "--3", "0xFF", "1_0.0_1", "-1e-3", "1.", "-.5", "1e308", "9223372036854775807", "True", "None",
                "''", "'it\\'s \"q\" \\\\ é'", "'''a\nb'''", "r'\\d\\''", "u'x'", "'a' \"b\"", "('a'\n 'b')", "'\\\n'",
                "'\\x41\\u20ac\\U0001F600\\101\\377\\q'", "[]", "{}", "[1, [2, {'k': -1.5}]]", "{'a': 1, 'a': 2}", "(1)"]
    OTHERS = ["(1, 2)", "[(1,)]", "{1: 2}", "b'x'", "f'{1}'", "12345678901234567890", "1j", "-True", "not True",
              "'\\x00'", "'\\ud800'", "'\\N{BULLET}'", "{1}", "[*[]]", "1 + 1", "1e400"]

    def test_literals_mean_what_they_mean_in_python(self):
        cell = code("\n".join("p%d = %s" % e for e in enumerate(self.LITERALS)), "pipeline-parameters")
        found = {p["name"]: p["default"] for p in self.notebook(cell, code("print(p0)", "step:a"))["parameters"]}
        self.assertEqual({k: repr(v) for k, v in found.items()},
                         {"p%d" % i: repr(eval(text)) for i, text in enumerate(self.LITERALS)})

    def test_what_json_can_not_say_is_code(self):
        cell = code("\n".join("p%d = %s" % e for e in enumerate(self.OTHERS)), "parameters")
        self.assertEqual(self.notebook(cell, code("print(p0)", "step:a"))["parameters"], [])
        self.assertEqual(self.told.count("[parameter-not-literal]"), len(self.OTHERS))

    def test_types_and_annotations(self):
        cell = code("a: float = 1.5\nb: 'int' = -1\nc = False\nd = None\ne = 'x'\nf = [1]\ng = {}", "parameters")
        types = {p["name"]: p["type"] for p in self.notebook(cell, code("print(a)", "step:a"))["parameters"]}
        self.assertEqual(types, {"a": "float", "b": "int", "c": "bool", "d": "none", "e": "str", "f": "list", "g": "dict"})

    def test_what_papermill_injected_counts(self):
        pipeline = self.notebook(code("n = 1", "parameters"), code("n = 5", "injected-parameters"),
                                 code("print(n)", "step:a"))
        self.assertEqual([(p["name"], p["default"]) for p in pipeline["parameters"]], [("n", 5)])

    def test_only_the_steps_that_use_one_get_it(self):
        pipeline = self.notebook(code("n = 1\nm = 2", "parameters"), code("print(n)", "step:a"), code("print(m)", "step:b"))
        self.assertEqual([s["parameters"] for s in pipeline["steps"]], [["n"], ["m"]])


class Percent(Case):
    SCRIPT = """\
# ---
# jupyter:
#   kernelspec:
#     name: mykernel
#     language: python
#   kubeflow_notebook:
#     pipeline_name: from-header
# ---

# %% tags=["step:a"]
# %%time
x = 1
# %matplotlib inline

# %% [markdown]
# # A heading
# not code

# %% language="bash" tags=["step:b", 'prev:a']
# echo hi

#%%
# !ls
"""

    def test_as_jupytext_writes_them(self):
        for newline in "\n", "\r\n":
            text = self.SCRIPT.replace("\n", newline)
            with open(os.path.join(self.folder, "p.py"), "w", encoding="utf-8", newline="") as f:
                f.write(text)
            run = chard("compile", "--stop-after=notebook", "p.py", cwd=self.folder)
            cells = json.loads(run.stdout)["cells"]
            self.assertEqual([c["source"] for c in cells],
                             ["%%time\nx = 1\n%matplotlib inline", "# A heading\nnot code", "%%bash\necho hi", "!ls"])
            self.assertEqual([c["tags"] for c in cells], [["step:a"], [], ["step:b", "prev:a"], []])
            pipeline = self.compiled("p.py")
            self.assertEqual((pipeline["name"], pipeline["kernel"]), ("from-header", "mykernel"))


class Prompts(Case):
    """What is pasted with its prompts is taken as IPython takes it."""

    FRONTS = ["", " ", "    ", "\t", ">>> ", ">>>", "... ", "...", ">>>\t", "  >>> ", "    ... ", "In [1]: ", "In [12]: ",
              "   ...: ", "    ...: ", "...:", "[ins] In [3]: ", " In [2]: ", "......: "]
    LINES = ["x = 1", "for i in r:", "    z = 1", '"""', 's = """', "'''", '"""doc"""', 'r"""a', '>>> "in"', "...", "# c", "",
             "   ", "  0", "x = [1,", "2]", "if 1: y = 2", 'text""" + "a"', "x = '''a\\'''b'''", "(1 +\\", "1)"]
    PAIRS = [(">>> ", "... "), ("In [1]: ", "   ...: "), ("", "")]

    def cell(self, chance):
        pair = chance.choice([None, *self.PAIRS])
        lines = [(chance.choice(self.FRONTS) if not pair or chance.random() < .15 else pair[at > 0])
                 + chance.choice(self.LINES) for at in range(chance.randint(1, 5))]
        margin = chance.choice(["", "", "  "])
        return "\n" * (chance.random() < .1) + "\n".join(margin + line for line in lines) + chance.choice(["", "\n"])

    def cells(self, count):
        """Cells of which IPython makes something else, and that."""
        chance, transform = random.Random(7), TransformerManager().transform_cell
        while count:
            cell = self.cell(chance)
            try:
                seen = transform(cell)
                ast.parse(seen)
            except (SyntaxError, ValueError):
                continue
            if cell.strip() and seen.strip() != cell.strip() and "In [" not in seen:
                count -= 1
                yield cell, seen.strip()

    def test_cells_run_as_ipython_sees_them(self):
        cells = list(self.cells(300))
        pipeline = self.notebook(*[code(cell, f"step:s{at}") for at, (cell, _) in enumerate(cells)])
        sources = {segment["cell"]: segment["source"] for step in pipeline["steps"] for segment in step["segments"]
                   if not segment.get("replicated")}
        for at, (cell, seen) in enumerate(cells):
            if sources.get(at, "").strip() != seen:
                self.assertEqual(ast.dump(ast.parse(sources.get(at, "").strip())), ast.dump(ast.parse(seen)), cell)

    def test_places_are_those_of_the_cell(self):
        self.notebook(code("In [1]: for i in [1]:\n   ...:     print(i, missing)", "step:a"))
        self.assertIn("a.ipynb:cell 0:2:22: warning: no step defines `missing`", self.told)

    def test_magics_behind_prompts(self):
        step = self.only_step(code(">>> %pip install chardonnay\n>>> x = !ls\n>>> if x:\n...     !pwd", "step:a"))
        self.assertEqual(step["segments"][0]["source"].splitlines()[1:],
                         ["x = get_ipython().getoutput('ls')", "if x:", "    get_ipython().system('pwd')"])


if __name__ == "__main__":
    unittest.main()
