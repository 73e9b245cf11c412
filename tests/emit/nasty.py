"""Names, parameters and code that hold whatever YAML, JSON, Kubernetes, KFP or Argo could trip over: run by KFP's local
orchestrator and as Argo's pods would be, they compute what plain Python computes.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import io
import json
import unittest

import argo
import kfp_local
from notebooks import Folder, notebook
from workflow import Workflow

PARAMETERS = r'''
word = "yes"
version = "1.10"
template = "{{workflow.name}} {{inputs.parameters.spec}} }} {{"
quotes = "\" ' ` : # \\ & * ! | > % @ - ? [ ] { }"
lines = "tab\there\nnext line\n\n  blank \n"
dollars = "$(HOME) $$ ${PATH} $HOME \\$"
wide = "ünïcödé 😀 — \u2028 \u00a0 \ufeff"
control = "bell \x07 del \x7f"
empty = ""
large = 1152921504606846977
negative = -3
zero = -0.0
tiny = 1e-300
whole = 2.0
truth = True
nothing = None
items = [1, 2.0, "null", None, True, {"a": [1.5, -0.0]}, [], "{{x}}"]
table = {"on": 1, "1.0": [1.0], "": {}, "a b": "c"}
größe = 3
'''
NAMES = [line.split(" = ")[0] for line in PARAMETERS.strip().split("\n")]

STEPS = {
    "a b": "first = [%s]" % ", ".join(NAMES),
    "a-b": 'braces = f"{{{word}}} {{{{x}}}}" + "{{$.inputs.parameters}} {{tasks.a.outputs}} {{=1+1}}"',
    "A-B": "shell = '$(HOME) $$ $$(PATH) ${HOME}'  # $(PATH)\nboth = [braces, shell]",
    "yes": "text = '''\n---\n- a: b\n%YAML 1.1\n\t# tab\n  trailing  \n...\n'''\nraw = r'\\n\\x00\\u0041\\{{'",
    "große Straße 😀": "größe_2 = größe * 2; _ü = 'x'",
    "{{workflow.name}}": "pip_text = 'pip' + ' install nothing'",
    "x" * 120: "_private = 1\n__dunder = 2",
    "x" * 119 + "y": "step_report = 'mine'; step_metrics = 5; value = 6",
    "1. 'quoted' \"name\"": "A, a = 1, 2",
    "last": ("print('RESULT=' + repr((first, braces, both, text, raw, größe_2, _ü, pip_text, _private, __dunder, "
             "step_report, step_metrics, value, A, a, [%s])))" % ", ".join(NAMES)),
}


def cells():
    return [(["pipeline-parameters"], PARAMETERS.strip())] + [(["step:" + n], code) for n, code in STEPS.items()]


def expected():
    """What plain Python prints."""
    space, out = {}, io.StringIO()
    with contextlib.redirect_stdout(out):
        for _, source in cells():
            exec(source, space)
    return out.getvalue().rstrip("\n")


class Nasty(kfp_local.Emitted):
    maxDiff = None

    def result_of(self, printed):
        start = printed.index("RESULT=")
        return printed[start:printed.index("\n", start)]

    def test_the_notebook_is_as_meant(self):
        with Folder(text=notebook(*cells())) as folder:
            pipeline = folder.pipeline()
            self.assertEqual(sorted(s["name"] for s in pipeline["steps"]), sorted(STEPS))
            self.assertEqual([p["name"] for p in pipeline["parameters"]], NAMES)

    def test_kfp(self):
        with Folder(text=notebook(*cells())) as folder:
            [text] = folder.emit("kfp").values()
            # KFP's server loses documents by these, as it did on a real one.
            self.assertNotRegex(json.dumps(kfp_local.read_strictly(text), ensure_ascii=False), "[\x7f-\x9f\ufffe\uffff\U00010000-\U0010ffff]")
            printed, _ = self.run_by_kfp(folder, text)
            self.assertEqual(self.result_of(printed), expected())

    def test_argo(self):
        with Folder(text=notebook(*cells())) as folder:
            workflow = Workflow(folder, argo.Argo.check_documents(self, folder)["spec"])
            workflow.run()
            self.assertEqual(self.result_of(workflow.printed), expected())

    check_schema = argo.Argo.check_schema

    def test_same_bytes_each_time(self):
        with Folder(text=notebook(*cells())) as folder:
            first = folder.emit("all", "--schedule", "0 0 * * *")
            self.assertEqual(folder.emit("all", "--schedule", "0 0 * * *"), first)

    def test_names_differ(self):
        with Folder(text=notebook(*cells())) as folder:
            [text] = folder.emit("kfp").values()
            spec = kfp_local.read_strictly(text)[0]
            tasks = spec["root"]["dag"]["tasks"]
            self.assertEqual(len(tasks), len(STEPS))
            for name in tasks:
                self.assertRegex(name, r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
            told = {t: s["step"] for t, s in kfp_local.step_specs(spec).items()}
            self.assertEqual(sorted(told.values()), sorted(STEPS))
            self.assertEqual(told["a-b"], "a-b")
            self.assertEqual(told["yes"], "yes")


if __name__ == "__main__":
    unittest.main()
