#!/usr/bin/env python3
"""`chard verify` must find a pipeline that computes something else, and must not cry wolf.
SPDX-License-Identifier: Apache-2.0"""
import json
import os

from lab import PYTHON, Lab


def notebook(lab, *cells):
    """Each cell: (tags, source)."""
    lab.write("nb.ipynb", json.dumps({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags}, "source": source, "outputs": [],
                   "execution_count": None} for i, (tags, source) in enumerate(cells)]}))


def verify(lab, *more):
    r = lab.chard("verify", "--format=json", "--python", PYTHON, *more, lab.path("nb.ipynb"))
    return r, json.loads(r.stdout) if r.stdout else None


# True in a step of a pipeline, False in a straight run: what a wrong analysis does, made on purpose.
IN_STEP = "__import__('os').readlink('/proc/self/fd/1').endswith('stdout.log')"


def test_a_right_pipeline():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = [1]\ny = x"), (["step:b"], "y.append(2)"), (["step:c"], "print(x)"))
        r, answer = verify(lab)
        assert r.returncode == 0 and answer["equal"], (r.stdout, r.stderr)
        assert answer["compared"] >= 2 and not answer["differences"] and not answer["outputs"]


def test_a_value_that_differs():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = {'k': [0, 2.5 if %s else 2.0]}" % IN_STEP), (["step:b"], "y = x"))
        r, answer = verify(lab)
        assert r.returncode == 1 and not answer["equal"], r.stderr
        (d,) = answer["differences"]
        assert (d["step"], d["name"]) == ("a", "x") and "2.5" in str(d["pipeline"]) and "2.0" in str(d["straight"]), d


def test_a_type_that_differs():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = 1 if %s else True" % IN_STEP), (["step:b"], "y = x"))
        r, answer = verify(lab)
        assert r.returncode == 1 and len(answer["differences"]) == 1, answer


def test_an_output_that_differs():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = 1"), (["step:b"], "print('seen' if %s else 'not seen', x)" % IN_STEP))
        r, answer = verify(lab)
        assert r.returncode == 1 and not answer["differences"], answer
        assert [o["cell"] for o in answer["outputs"]] == [1], answer


def test_the_state_beside_the_notebook():
    """What Chard keeps there is nothing that a run made."""
    with Lab() as lab:
        notebook(lab, ([], "x = 1\nopen('made', 'x').close()"))
        for home in (lab.dir, lab.path("home")):
            lab.env["CHARD_HOME"] = home
            r, answer = verify(lab)
            assert r.returncode == 0 and answer["equal"], (r.stdout, r.stderr)
            os.remove(lab.path("made"))


def test_what_is_random_is_no_difference():
    with Lab() as lab:
        for expression in ("__import__('os').urandom(16)", "__import__('os').urandom(1)[0] % 2"):
            notebook(lab, (["step:a"], "x = %s\nprint(x)" % expression), (["step:b"], "y = x"))
            for _ in range(3):
                r, answer = verify(lab)
                found = answer["nondeterministic"]
                assert not answer["differences"] or expression.endswith("2"), answer
                if "16" in expression:
                    assert r.returncode == 0 and [(n["step"], n["name"], n["cell"]) for n in found] == [("a", "x", 0)], answer


def test_a_notebook_that_fails_by_itself():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = 1"), (["step:b"], "x / 0"))
        r, answer = verify(lab)
        assert r.returncode == 1 and answer["straight_error"]["type"] == "ZeroDivisionError", answer
        assert answer["straight_error"]["cell"] == 1


def test_a_pipeline_that_fails_where_the_notebook_does_not():
    with Lab() as lab:
        notebook(lab, (["step:a"], "x = [1]"), (["step:b"], "if %s:\n    raise OSError('only here')" % IN_STEP),
                 (["step:c"], "y = x"))
        r, answer = verify(lab)
        assert r.returncode == 1 and answer["status"] == "failed" and not answer["equal"], (r.stderr, answer)
        assert answer["compared"] == 1 and not answer["differences"], answer
        r = lab.chard("verify", "--python", PYTHON, lab.path("nb.ipynb"))
        assert r.returncode == 1 and "only here" in r.stderr, (r.stdout, r.stderr)
        assert "the pipeline fails, where the notebook runs straight to its end" in r.stdout, r.stdout


def test_a_value_that_cannot_be_handed_over():
    """The notebook has no trouble with it; the pipeline names it."""
    with Lab() as lab:
        notebook(lab, (["step:a"], "import threading\nx = [vars(threading)['Lock']()]"), (["step:b"], "print(len(x))"))
        r, answer = verify(lab)
        assert r.returncode == 1 and answer["status"] == "failed" and not answer["equal"], (r.stderr, answer)


def test_what_cell_magics_catch():
    """%%capture and %%bash --out hide what is shown, and bind it."""
    with Lab() as lab:
        notebook(lab, (["step:a"], "%%capture cap\nprint('caught')\nx = [1]\n'last'"),
                 (["step:b"], "%%bash --out o --err=e\necho one\necho two >&2"),
                 (["step:c"], "x.append(cap.stdout)"), (["step:d"], "print(x, o, e, cap.outputs[0]['data'])"))
        r, answer = verify(lab)
        assert r.returncode == 0 and answer["equal"] and answer["compared"] >= 3, (answer, r.stderr)
        log = lab.chard("runs", "logs", "latest", "d").stdout
        assert log == "[1, 'caught\\n'] one\n two\n {'text/plain': \"'last'\"}\n", log
        with open(lab.ends()["a"]["result"] + "/outputs.ipynb") as f:
            assert [c["outputs"] for c in json.load(f)["cells"]] == [[]]


def test_a_capture_ends_where_the_cell_fails():
    with Lab() as lab:
        notebook(lab, (["step:a"], "%%capture\nprint('caught')\n1/0"))
        r, answer = verify(lab)
        assert r.returncode == 1 and answer["straight_error"]["type"] == "ZeroDivisionError", answer
        assert answer["straight_error"]["line"] == 3, answer


def test_a_file_that_the_first_run_made_is_no_difference():
    with Lab() as lab:
        notebook(lab, (["step:a"], "%%writefile made.txt\ntext"), (["step:b"], "print(open('made.txt').read())"))
        r, answer = verify(lab)
        assert r.returncode == 0 and answer["equal"] and not answer["nondeterministic_outputs"], answer


def test_each_run_finds_the_directory_as_it_was():
    """mkdir works once, and a log that is appended to grows: what one run made is put aside before the next."""
    with Lab() as lab:
        os.makedirs(lab.path("old/deep"))
        lab.write("old/mine.txt", "mine")
        notebook(lab, (["step:a"], "import os\nos.mkdir('made')\nos.mkdir('old/deep/er')\nopen('made/f.txt', 'w').write('x')\n"
                                   "open('log.txt', 'a').write('line\\n')"),
                 (["step:b"], "print(sorted(os.listdir('old/deep')), open('made/f.txt').read(), open('old/mine.txt').read())"),
                 (["step:c"], "print(open('log.txt').read())\nif os.readlink('/proc/self/fd/1').endswith('stdout.log'):\n"
                              "    open('foreign.txt', 'w').write('of somebody else')"))
        r, answer = verify(lab)
        assert r.returncode == 0 and answer["equal"], (answer, r.stderr)
        assert not answer["nondeterministic_outputs"], answer
        assert lab.read("old/mine.txt") == "mine" and lab.read("made/f.txt") == "x" and lab.read("log.txt") == "line\n"
        assert lab.read("foreign.txt") == "of somebody else"
        made = answer["run"]
        assert lab.read(".chard/runs/%s/verify/made-0/log.txt" % made) == "line\n"
        assert os.path.isdir(lab.path(".chard/runs/%s/verify/made-1/old/deep/er" % made))


def test_parameters_hold_for_both():
    with Lab() as lab:
        notebook(lab, (["pipeline-parameters"], "N = 3\nS = 'a'"), (["step:a"], "x = [N] * 2 + [S]"), (["step:b"], "print(x)"))
        r, answer = verify(lab, "-p", "N=7", "-p", "S=it's \"q\" \\ ü")
        assert r.returncode == 0 and answer["compared"] == 1, (answer, r.stderr)
        log = lab.chard("runs", "logs", "latest", "b").stdout
        assert log.strip() == repr([7, 7, "it's \"q\" \\ ü"]), log
