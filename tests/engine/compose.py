"""Composed notebooks (tag notebook:NAME) compute what running them in that order computes; and what is wrong with a
composition is told with the place it is in.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import shutil

from lab import PYTHON, Lab

SHARED = os.environ.get("SHARED", os.path.join(os.environ.get("TOP", "."), "..", "shared"))
KALE = os.path.join(SHARED, "notebooks", "kale", "kale-2.3.0", "examples", "composition")


def cell(source, *tags, path=None, kind="code"):
    c = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    if path:
        c["metadata"]["notebook_path"] = path
    if kind == "code":
        c.update(outputs=[], execution_count=None)
    return c


def ref(name, path=None, *tags):
    return cell("", "notebook:" + name, *tags, path=path)


def write(lab, name, *cells, **metadata):
    os.makedirs(os.path.dirname(lab.path(name)), exist_ok=True)
    lab.write(name, json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}))


def compiled(lab, name="main.ipynb"):
    r = lab.chard("compile", lab.path(name))
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def steps(lab, name="main.ipynb"):
    return {s["name"]: s for s in compiled(lab, name)["steps"]}


def told(lab, name="main.ipynb"):
    """(notebook's base name, cell, line, rule, message) of each diagnostic."""
    r = lab.chard("check", "--format=json", lab.path(name))
    return [(os.path.basename(d["notebook"]), d["cell"], d["line"], d["rule"], d["message"]) for d in json.loads(r.stdout)]


def verified(lab, *more, name="main.ipynb"):
    r = lab.chard("verify", "--format=json", "--python", PYTHON, *more, lab.path(name))
    answer = json.loads(r.stdout) if r.stdout else None
    assert r.returncode == 0 and answer["equal"], (r.stdout, r.stderr)
    return answer


def log(lab, step):
    r = lab.chard("runs", "logs", "latest", step)
    assert r.returncode == 0, r.stderr
    return r.stdout.strip()


# ---- it computes what running them in order computes ----


def test_kales_own_example():
    if not os.path.isdir(KALE):
        return
    with Lab() as lab:
        for name in os.listdir(KALE):
            shutil.copy(os.path.join(KALE, name), lab.dir)
        found = steps(lab, "main_mixed.ipynb")
        wanted = ["names", "generate", "assemble", "weights", "show_names", "fit", "package", "aggregate", "predict",
                  "report", "combine", "summary", "final"]
        assert sorted(found) == sorted(wanted), list(found)
        edges = {(i["from"], s, i["name"]) for s in found for i in found[s]["inputs"] if i["kind"] == "data"}
        assert edges == {  # by hand, from what the cells read
            ("generate", "assemble", "raw_points"), ("names", "show_names", "names"), ("assemble", "fit", "dataset"),
            ("fit", "package", "slope"), ("fit", "package", "intercept"), ("weights", "aggregate", "weights"),
            ("package", "predict", "model"), ("predict", "report", "prediction"), ("predict", "combine", "prediction"),
            ("aggregate", "combine", "weight_total"), ("names", "summary", "names"),
            ("predict", "summary", "prediction"), ("predict", "final", "prediction")}, edges
        assert found["fit"]["image"] == "kale-runtime:2.1.0" and "image" not in found["final"]
        assert verified(lab, name="main_mixed.ipynb")["compared"] == 9     # values handed on, each once
        assert log(lab, "final") == "final prediction: 30.0"    # the points lie on y = 3 x


def test_names_changes_and_definitions_cross_notebooks():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("import math\nscale = 2", "imports"), cell("def area(r): return scale * math.floor(r)", "functions"),
              cell("xs = [1]", "step:load"), cell("xs.append(area(3.7))", "step:grow"))
        write(lab, "b.ipynb", cell("ys = xs\nys.append(area(5))", "step:use"))
        write(lab, "main.ipynb", cell("before = 'main'", "step:first"), ref("a", "./a.ipynb"), ref("b", "b.ipynb"),
              cell("print(before, xs, area(1))", "step:last"))
        found = steps(lab)
        assert list(found) == ["first", "load", "grow", "use", "last"], list(found)
        assert {(i["name"], i["from"]) for i in found["last"]["inputs"] if i["kind"] == "data"} == {
            ("before", "first"), ("xs", "use")}
        verified(lab)
        assert log(lab, "last") == "main [1, 6, 10] 2"


def test_steps_of_one_name_are_told_apart():
    with Lab() as lab:
        for name, n in (("a", 1), ("b", 2)):
            write(lab, name + ".ipynb", cell("%s = %d" % (name, n), "step:load"), cell("%s += 1" % name, "step:" + name, "prev:load"))
        write(lab, "main.ipynb", cell("n = 0", "step:load"), ref("a", "a.ipynb"), ref("b", "b.ipynb"),
              cell("print(n, a, b)", "step:end", "prev:a", "prev:b.load"))
        found = steps(lab)
        assert list(found) == ["load", "a.load", "a", "b.load", "b", "end"], list(found)
        assert found["a"]["tagged"] == ["a.load"] and found["b"]["tagged"] == ["b.load"]
        assert found["end"]["tagged"] == ["a", "b.load"], found["end"]["tagged"]
        assert "tagged" not in found["load"]
        verified(lab)
        assert log(lab, "end") == "0 2 3"


def test_prev_names_a_whole_notebook():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("a = 1", "step:one"), cell("c = 1", "step:two"))
        write(lab, "main.ipynb", cell("print('x')", "step:begin"), ref("prepare", "a.ipynb", "prev:begin", "limit:memory:2Gi"),
              cell("print('y')", "step:end", "prev:prepare"))
        found = steps(lab)
        assert found["end"]["after"] == ["one", "two"]
        assert found["one"]["after"] == ["begin"] and found["two"]["tagged"] == ["begin"]
        assert found["one"]["limits"] == {"memory": "2Gi"} and "limits" not in found["end"]


def test_one_notebook_twice_and_within_another():
    with Lab() as lab:
        write(lab, "inc.ipynb", cell("x = x + 1\nprint(x)", "step:inc"))
        write(lab, "both.ipynb", ref("inc"), cell("x = x * 10", "step:times"), ref("inc"))
        write(lab, "main.ipynb", cell("x = 1", "step:one"), ref("both"), cell("print(x)", "step:end"))
        found = steps(lab)
        assert list(found) == ["one", "inc.inc", "times", "inc.inc-2", "end"], list(found)
        assert [s["notebook"] for s in compiled(lab)["steps"][1:4]] == ["inc.ipynb", "both.ipynb", "inc.ipynb#2"]
        verified(lab)
        assert [log(lab, s) for s in ("inc.inc", "inc.inc-2", "end")] == ["2", "21", "21"]


def test_an_untagged_notebook_and_a_script():
    with Lab() as lab:
        lab.write("a.py", "# %%\nx = [3, 1]\n# %%\nx.sort()\n")
        write(lab, "b.ipynb", cell("## Sum up", kind="markdown"), cell("s = sum(x)"), cell("## Show", kind="markdown"), cell("print(s)"))
        write(lab, "main.ipynb", ref("a"), ref("b", "b.ipynb"), cell("print(x, s)", "step:end"))
        assert list(steps(lab))[1:] == ["sum-up", "show", "end"]
        verified(lab)
        assert log(lab, "end") == "[1, 3] 4"


def test_a_percent_script_composes_too():
    with Lab() as lab:
        write(lab, "sub/a.ipynb", cell("x = 4", "step:a"))
        lab.write("main.py", '# %% tags=["notebook:a"] notebook_path="sub/a.ipynb"\n# %% tags=["step:end"]\nprint(x)\n')
        assert list(steps(lab, "main.py")) == ["a", "end"]
        lab.write("main.py", '# %% tags=["notebook:sub/a.ipynb"]\n# %% tags=["step:end"]\nprint(x)\n')
        assert list(steps(lab, "main.py")) == ["a", "end"]
        verified(lab, name="main.py")


def test_untagged_cells_behind_a_notebook_join_the_next_step():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("x = [1]", "step:a"))
        write(lab, "main.ipynb", ref("a"), cell("x.append(2)"), cell("print(x)", "step:b"), ref("a"), cell("# Look again\nprint(len(x))"))
        found = steps(lab)
        assert list(found) == ["a.a", "b", "a.a-2", "look-again"], list(found)
        assert found["b"]["cells"] == [1, 2] and found["look-again"]["inferred"]
        verified(lab)
        assert (log(lab, "b"), log(lab, "look-again")) == ("[1, 2]", "1")


def test_each_runs_in_its_own_folder():
    with Lab() as lab:
        write(lab, "sub/a.ipynb", cell("import helper, os\nwith open('out.txt', 'w') as f:\n    f.write(helper.text())\n"
                                       "box = helper.Box(os.path.basename(os.getcwd()))", "step:write"),
              cell("print(open('out.txt').read())", "step:read"))
        lab.write("sub/helper.py", "class Box:\n    def __init__(self, v): self.v = v\ndef text(): return 'from sub'\n")
        write(lab, "main.ipynb", ref("a", "sub/a.ipynb"),
              cell("import os\nprint(box.v, os.path.exists('out.txt'), open('sub/out.txt').read())", "step:end"))
        found = steps(lab)
        assert found["end"]["files"] == [{"path": "sub/out.txt", "from": "write"}], found["end"].get("files")
        assert found["read"]["after"] == ["write"]
        verified(lab)
        assert (log(lab, "read"), log(lab, "end")) == ("from sub", "sub False from sub")


# ---- parameters ----


def test_the_outer_notebooks_parameter_holds():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("N = 3\nM = 5", "pipeline-parameters"), cell("x = [N] * M", "step:a"))
        write(lab, "main.ipynb", cell("N = 7", "pipeline-parameters"), ref("a"), cell("print(x, N, M)", "step:end"))
        document = compiled(lab)
        assert {p["name"]: (p["default"], p.get("notebook")) for p in document["parameters"]} == {
            "N": (7, None), "M": (5, "a.ipynb")}, document["parameters"]
        verified(lab)
        assert log(lab, "end") == "[7, 7, 7, 7, 7] 7 5"
        verified(lab, "-p", "N=1", "-p", "M=2")
        assert log(lab, "end") == "[1, 1] 1 2"


def test_parameters_side_by_side_must_agree():
    with Lab() as lab:
        for name, n in (("a", 1), ("b", 2), ("c", 1)):
            write(lab, name + ".ipynb", cell("N = %d" % n, "parameters"), cell("%s = N" % name, "step:" + name))
        write(lab, "main.ipynb", ref("a"), ref("c"), cell("print(a, c, N)", "step:end"))
        assert [p["name"] for p in compiled(lab)["parameters"]] == ["N"] and not told(lab)
        write(lab, "main.ipynb", ref("a"), ref("b"), cell("print(a, b, N)", "step:end"))
        assert compiled(lab)["parameters"] == []
        assert [t[:4] for t in told(lab)] == [("b.ipynb", 0, 1, "parameter-conflict")]
        verified(lab)
        assert log(lab, "end") == "1 2 2"


# ---- what is wrong is told where it is ----


def test_diagnostics_name_the_notebook_they_are_in():
    with Lab() as lab:
        write(lab, "sub/a.ipynb", cell("x = 1", "step:a"), cell("y = (1\n", "step:b"), cell("print(nowhere)", "step:c", "retry:often"))
        write(lab, "main.ipynb", ref("a", "sub/a.ipynb"), cell("print(x)", "step:end"))
        found = told(lab)
        assert [(f[0], f[1], f[3]) for f in found] == [
            ("a.ipynb", 1, "syntax"), ("a.ipynb", 2, "tag-value"), ("a.ipynb", 2, "unresolved-name")], found
        shown = lab.chard("check", lab.path("main.ipynb")).stdout
        assert lab.path("sub/a.ipynb") + ":cell 2:1:7: warning: no step defines `nowhere`" in shown, shown


def test_a_failing_cell_is_named_with_its_notebook():
    with Lab() as lab:
        write(lab, "sub/a.ipynb", cell("def f(x):\n    return 1 / x", "functions"), cell("y = 2\nf(y - 2)", "step:a"))
        write(lab, "main.ipynb", ref("a", "sub/a.ipynb"), cell("print(y)", "step:end"))
        r = lab.chard("run", "--python", PYTHON, lab.path("main.ipynb"))
        assert r.returncode == 1
        assert "sub/a.ipynb, cell 1, line 2: ZeroDivisionError" in r.stderr, r.stderr
        assert "sub/a.ipynb, cell 0, line 2, in f" in log(lab, "a"), log(lab, "a")
        assert "sub/a.ipynb, cell 1, line 2" in lab.chard("runs", "show", "latest").stdout


def test_bad_compositions_are_refused():
    def refused(lab, where, words, *cells):
        write(lab, "main.ipynb", *cells)
        errors = [t for t in told(lab) if t[3] == "composition"]
        assert len(errors) == 1 and errors[0][:2] == where and words in errors[0][4], errors
        assert lab.chard("run", lab.path("main.ipynb")).returncode == 1

    with Lab() as lab:
        main_0 = ("main.ipynb", 0)
        refused(lab, main_0, "isn't there", ref("gone"))
        refused(lab, main_0, "isn't there", ref("gone", "../nowhere/x.ipynb"))
        refused(lab, main_0, "main.ipynb brings in main.ipynb", ref("main"))
        write(lab, "a.ipynb", ref("b"))
        write(lab, "b.ipynb", cell("x = 1", "step:b"), ref("main"))
        refused(lab, ("b.ipynb", 1), "main.ipynb brings in a.ipynb brings in b.ipynb brings in main.ipynb", ref("a"))
        lab.write("torn.ipynb", '{"cells": [')
        refused(lab, main_0, "can't be read", ref("torn"))
        os.mkdir(lab.path("folder.ipynb"))
        refused(lab, main_0, "can't be read", ref("folder"))
        write(lab, "r.ipynb", cell("x <- 1"), language_info={"name": "R"})
        refused(lab, main_0, "the language of", ref("r"))
        write(lab, "fine.ipynb", cell("x = 1", "step:f"))
        refused(lab, ("main.ipynb", 0), "holds no code itself", dict(ref("fine"), source="# a remark\n\nx = 2"))
        for i in range(12):
            write(lab, "n%d.ipynb" % i, *[ref("n%d" % (i + 1))] * 2)
        write(lab, "n12.ipynb", cell("x = 1", "step:n"))
        write(lab, "main.ipynb", ref("n0"))
        assert any("more than 500 notebooks" in t[4] for t in told(lab))


def test_a_remark_in_the_cell_is_fine():
    with Lab() as lab:
        write(lab, "fine.ipynb", cell("x = 1", "step:f"))
        write(lab, "main.ipynb", dict(ref("fine"), source="# the data\n\n"), cell("print(x)", "step:end"))
        assert list(steps(lab)) == ["f", "end"] and not told(lab)


def test_a_change_in_the_other_notebook_runs_its_steps_again():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("x = 1", "step:a"))
        write(lab, "main.ipynb", cell("y = 5", "step:b"), ref("a"), cell("print(x + y)", "step:end"))
        run = ("run", "--python", PYTHON, lab.path("main.ipynb"))
        assert lab.chard(*run).returncode == 0
        write(lab, "a.ipynb", cell("x = 2", "step:a"))
        assert lab.chard(*run).returncode == 0
        assert log(lab, "end") == "7"
        assert lab.statuses()["b"] == "cached" and lab.statuses()["a"] != "cached", lab.statuses()
        assert "a.ipynb, cell 0, line 1: `x = 1` is now `x = 2`" in lab.chard("runs", "show", "latest").stdout


def test_cell_edges_tell_whose_cells_they_are():
    with Lab() as lab:
        write(lab, "a.ipynb", cell("x = 1", "step:a"))
        write(lab, "main.ipynb", cell("y = 2", "step:b"), ref("a"), cell("print(x, y)", "step:end"))
        edges = json.loads(lab.chard("graph", "--cells", "--format=json", lab.path("main.ipynb")).stdout)["edges"]
        assert {(e.get("from_notebook"), e["from"], e.get("to_notebook"), e["to"]) for e in edges} == {
            ("a.ipynb", 0, None, 2), (None, 0, None, 2)}, edges
