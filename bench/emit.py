"""What emitting costs: all targets' documents of a notebook, beside KFP's SDK compiling a program of the same steps and
the same artifacts between them, as somebody would write it by hand.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess

import notebooks
from table import Aim, Row, compare
from timing import Side, alternate

COMPONENT = '''
@dsl.component(base_image="python:3.11")
def {name}({parameters}):
{body}
'''


def sdk_program(pipeline, target):
    """The DAG of the IR as a program of the SDK's: a lightweight component for each step."""
    text, calls = "from kfp import compiler, dsl\nfrom kfp.dsl import Artifact, Input, Output\n", ""
    for step in pipeline["steps"]:
        name = step["name"].replace("-", "_")
        inputs = [i for i in step["inputs"] if i["kind"] == "data"]
        outputs = [a["name"] for a in step["artifacts"] if a["kind"] == "data"]
        parameters = ["%s: Input[Artifact]" % i["name"] for i in inputs]
        parameters += ["%s_: Output[Artifact]" % o for o in outputs]
        source = "\n".join(s["source"] for s in step["segments"])
        text += COMPONENT.format(name=name, parameters=", ".join(parameters),
                                 body="\n".join("    " + line for line in source.splitlines()) + "\n    pass")
        given = ["%s=%s_task.outputs['%s_']" % (i["name"], i["from"].replace("-", "_"), i["name"]) for i in inputs]
        calls += "    %s_task = %s(%s)\n" % (name, name, ", ".join(given))
    text += "\n\n@dsl.pipeline(name='bench')\ndef bench():\n%s\n\n" % calls
    text += "compiler.Compiler().compile(bench, 'sdk.yaml')\n"
    with open(target, "w", encoding="utf-8") as f:
        f.write(text)


def size_of(*paths):
    return sum(os.path.getsize(p) for p in paths)


def emit(bench):
    """An asked Python answers once; what it has is kept, as after any first command in a folder."""
    folder = bench.folder("emit")
    for name, script in (("ml", notebooks.read("ml")), ("chain of 30", notebooks.trivial(30))):
        place = os.path.join(folder, name.partition(" ")[0])
        os.makedirs(os.path.join(place, ".chard"))
        _, path = notebooks.write(place, "nb", script)
        told = subprocess.run([bench.chard, "compile", path], capture_output=True, env=bench.env, check=True)
        pipeline = json.loads(told.stdout)
        sdk_program(pipeline, os.path.join(place, "sdk.py"))
        command = [bench.chard, "compile", "--to", "all", "--python", bench.python, "-o", "out", path]
        sides = [Side("chard", command, cwd=place, env=bench.env),
                 Side("sdk", [bench.python, "sdk.py"], cwd=place, env=bench.env)]
        subprocess.run(command, cwd=place, env=bench.env, capture_output=True, check=True)
        taken = alternate(sides, bench.turns(5))
        yield compare("emit: %s, all targets ÷ KFP SDK, kfp alone" % name, taken, "chard", "sdk", Aim("<=", 0.1))
        ours, theirs = size_of(os.path.join(place, "out", "nb.kfp.yaml")), size_of(os.path.join(place, "sdk.yaml"))
        yield Row("emit: %s, bytes of KFP's document" % name, ratio=[ours / theirs],
                  note="%d against %d" % (ours, theirs))


MEASUREMENTS = [emit]
