"""The notebooks that are measured: those of notebooks/, which are percent scripts and so plain scripts as they stand,
and made ones of any size.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notebooks")


def read(name):
    with open(os.path.join(HERE, name + ".py"), encoding="utf-8") as f:
        return f.read()


def write(folder, name, script):
    """A percent script as NAME.py and the same as NAME.ipynb; returns both paths."""
    os.makedirs(folder, exist_ok=True)
    paths = os.path.join(folder, name + ".py"), os.path.join(folder, name + ".ipynb")
    with open(paths[0], "w", encoding="utf-8") as f:
        f.write(script)
    with open(paths[1], "w", encoding="utf-8") as f:
        json.dump(from_percent(script), f, indent=1)
    return paths


def from_percent(script):
    """Only the forms that stand in this folder."""
    cells = []
    for part in script.split("\n# %% ")[1:]:
        head, _, source = part.partition("\n")
        tags = re.fullmatch(r"tags=(\[.*\])", head).group(1)
        cells.append({"cell_type": "code", "id": "c%d" % len(cells), "execution_count": None, "outputs": [],
                      "metadata": {"tags": json.loads(tags)}, "source": source.strip("\n").splitlines(True)})
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _steps(sources):
    return "".join('\n# %%%% tags=["step:s%d"]\n%s\n' % (i, source) for i, source in enumerate(sources))


def trivial(n):
    """A chain of n steps, each of which adds one."""
    return _steps("x = 0" if i == 0 else "x = x + 1" for i in range(n))


FAN_OUT = """import time
began = time.process_time()
while time.process_time() - began < 0.2:
    pass
y%d = %d"""


def fan_out(n):
    """n independent steps that each keep a core busy for 200 ms, and one that waits for all."""
    return _steps([FAN_OUT % (i, i) for i in range(n)] + ["print(%s)" % " + ".join("y%d" % i for i in range(n))])


CELL = """def clean_%(i)d(frame, limit=%(i)d):
    kept = [row for row in frame if row["value"] > limit]
    return sorted(kept, key=lambda row: row["value"])

data_%(i)d = clean_%(i)d(%(before)s)
total_%(i)d = sum(row["value"] for row in data_%(i)d) / max(len(data_%(i)d), 1)
summary_%(i)d = {"total": total_%(i)d, "rows": len(data_%(i)d), "name": f"part {%(i)d:03d} of {len(data_%(i)d)}"}
if summary_%(i)d["rows"] > 10:
    print(summary_%(i)d["name"], np.round(total_%(i)d, 2))"""


def long(cells, a_step=10):
    """A notebook of so many cells, in steps of ten, each cell using what the one before made."""
    sources = ["import numpy as np\nrows = [{\"value\": v} for v in np.arange(100)]"]
    sources += [CELL % {"i": i, "before": "data_%d" % (i - 1) if i > 1 else "rows"} for i in range(1, cells)]
    return "".join('\n# %%%% tags=["step:s%d"]\n%s\n' % (i // a_step, source) for i, source in enumerate(sources))
