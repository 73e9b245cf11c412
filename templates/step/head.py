#!/usr/bin/env python3
"""Runs one step of a notebook's pipeline: here, in Kubeflow Pipelines and in Argo alike. Python >= 3.8, no packages.
Started by engine/ (zygote.c, isolated.c), by emitted containers and by `chard verify`. It is one file wherever it runs,
and made of the parts in templates/step/, which `make` puts together in the order that Makefile.am lists: they share this
one module's names.

    step.py run SPEC                 one step in this process
    step.py pod OPTIONS              one step in a pod of KFP or Argo
    step.py zygote --preload a,b     imports a and b, then forks a process per step; JSON lines on descriptor 3
    step.py straight SPEC            all cells in one namespace, with the values seen at checkpoints
    step.py compare SPEC             two straight runs against the pipeline's results; prints JSON
    step.py get REQUEST              one value of a result as a file

SPEC (run; straight has the first line and `segments`, `parameters`, `metrics`, `env`, `checkpoints` of it):
    {"version": 1, "step": "train", "notebook": "train.ipynb", "cwd": "/abs", "result": "/abs/result/dir",
     "segments":   [{"cell": 7, "line": 1, "source": "...", "replicated": false, "original": "optional: as written",
                     "late": "true, if it is replicated and reads inputs",
                     "notebook": "other/prepare.ipynb, if the cell is of another notebook; from cwd"}],
     "path": ["other"],                                   # folders of modules besides cwd; may be left out
     "inputs":     [{"name": "x", "from": "/abs/producer/result", "optional": false, "mutated": false}],
     "parameters": {"N": 5}, "outputs": [{"name": "y", "kind": "data", "optional": false}],
     "metrics": ["acc"], "definitions": ["f", "Net"], "env": {"NAME": "value"},
     "log_limit": 67108864, "fsync": false}                                        # the last line may be left out
Order within a step: env, cwd; parameters; leading replicated segments that aren't "late"; parameters again; inputs; the
other segments in the order given. A replicated segment shows nothing. Definitions that are outputs of kind "data" travel by value.

Where notebooks are composed, a cell runs in its own notebook's folder, and every "cell" in what is written below has
"notebook" beside it if it is of another notebook than "notebook" says.

Hidden library state crosses steps like a value, under a name that no variable can have: as input and output
    %random  %numpy.random  %torch  %environ  %cwd  %pandas.options  %matplotlib.rcParams  %numpy.printoptions
    %decimal  %warnings  %locale  %module.NAME (what the local module NAME keeps, where it isn't as when it was imported)
(an output whose library was never imported is left "unbound"; an input that is unbound changes nothing).

RESULT directory (made beside its place as RESULT.tmp-PID, renamed into place when whole; an older one is replaced):
    values.bin    pickles and their out-of-band buffers (those of >= 16 KiB, each at a multiple of 4096; the rest in band)
    values.json   {"version": 1, "step": "train", "python": "3.11",
                   "groups": [{"names": ["d", "w"], "pickle": [offset, length], "buffers": [[offset, length], ...],
                               "sha256": hex, "algorithm": "sha256"}],
                   "values": {"x": {"type", "cell"?, "shape"?, "columns"?, "dtypes"?, "length"?, "bytes"?, "head"?}},
                   "unbound": ["extra"], "definitions": {"Net": {"pickle": [offset, length]}},
                   "extras": {"x": sha256 of the group that x came in}}
                  One name: the group's pickle is that value. More: a tuple of the values in the order of `names`.
                  "algorithm" "sha256": sha256 is SHA-256 over the pickle, then the buffers in order. "sha256-gmac" (groups
                  with >= 1 MiB of buffers, where libcrypto is reachable): each buffer is replaced by its 16-byte AES-128-GMAC
                  tag under key "chard.hand-over." and IV "values.bin.1", as additional data. It is not there to keep out an
                  enemy but to tell contents apart, at 8 GB/s where SHA-256 does 2.
                  "definitions": by-value pickles of definitions that values refer to, for readers that lack them.
                  "extras": inputs of this step that are part of an output, and so lie in its group: a reader that has
                  the same input from the same producer takes it from here, so that it stays the same object.
    outputs.ipynb the step's own cells as executed (nbformat 4.5; cell.metadata.chard = {"cell": 7, "seconds": 0.1})
    metrics.json  {"acc": 0.93}
    result.json   {"status": "ok"|"error", "error": {"type", "message", "cell", "line", "traceback", "hint"?,
                   "frames": [{"cell", "line", "function"}]}, "seconds", "peak_rss" (KiB),
                   "mutated": [{"name": "x", "cell": 7 or null, "by"?: "y"}], "notes": ["..."], "cells": [{"cell", "seconds"}]}
                  "by": x came in y's group, and changed with y, which this step was said to change.
                  On an error there are outputs.ipynb and result.json only.
Exit status: 0 ok, 1 the code raised (or was ended by SIGTERM), 2 an output can't be pickled, 3 the environment.

POD: --spec TEXT (several are joined) or --spec-file PATH: as above without cwd, result and "from", but with
    "inputs":     [{"name", "artifact": key of --in, ...}]           a directory with values.json and values.bin
    "outputs":    [{"name", "artifact"?: key of --out, ...}]         likewise: only the group of that name
    "parameters": {"N": {"type": "int", "default": 5, "key"?: name outside, "json"?: a str is JSON}}
    "files":      {"in": [{"path", "artifact", "inside"?: folder in it}], "out": likewise}
                                                                     a directory with `content`, if the file was there
    "artifacts":  {"metrics"?, "report"?, "result"?: key of --out}   JSON; a page of HTML; the whole RESULT directory
                  {"when"?, "ranges"?, "part"?: key of --out}        "true" or "false"; a list of ranges; what rounds did
                  {"parts"?: key of KFP's list of these}
    "loop":       as the pipeline's JSON has it (chard-pipeline(5)), with "part": "items", "rounds" or "join" if its rounds
                  run in pods: one tells the elements, one a range (--rounds 0-3) runs these, the last puts all together
                  (--parts DIRECTORY of directories, or KFP's list)
--in KEY PATH, --out KEY PATH: where they lie. Parameters: --executor-input JSON (KFP's ExecutorInput; metadata of the
outputs are written to its outputFile), or --parameters PATH (Argo's workflow.parameters.json). The working directory
is the notebook's.

ZYGOTE, on descriptor 3: {"id": 1, "spec": PATH, "log": PATH} -> {"id": 1, "pid": 123}, then {"id": 1, "exit": 0} or
{"id": 1, "signal": 9}, with "max_rss" (KiB), "user", "system" (seconds). {"cancel": 1}: SIGTERM to the step's process
group, SIGKILL after 3 s. End of file: all that it ever started is killed, and it exits.

STRAIGHT: "checkpoints": [{"before_segment": 3, "step": "train", "names": ["x"]}] (before_segment may be the number of
segments: the end). Result directory: outputs.ipynb, result.json, metrics.json as above, and checkpoints.json:
{"checkpoints": [{"step", "names", "result": "checkpoints/0", "places": {"x": {"cell": 7}}, "missing": {"t": "why"}}]}; each
checkpoints/N holds values.bin and values.json. Names that were unbound are in its "unbound".

COMPARE: {"version": 1, "straight": [DIR, DIR], "steps": [{"step": "train", "result": DIR}], "cwd": "/abs",
"notebook": "train.ipynb"} -> {"differences": [{"step", "name", "path", "straight", "pipeline"}],
"nondeterministic": [{"step", "name", "cell", "path"}], "compared": N, "outputs": [{"cell", "step", "straight",
"pipeline"}], "nondeterministic_outputs": [{"cell", "step"}], "skipped": [{"step", "name", "why"}],
"copies": [{"step", "name", "path"}]}. Copies are what was one object in the notebook and arrives as two: it came from
different steps, and nothing changes it from then on (if something did, its value would differ). Exit status 0 if
it could be done, whatever it found.

GET: {"from": RESULT directory or an archive of it, "name": "x", "to": FILE, "cwd": the notebook's directory} writes a value
(by the file's ending), a file that the step wrote, "metrics" or "outputs" -> {"file": FILE}. With "kind", "from" is an
artifact of KFP: "value" or "file" an archive of its directory, "plain" what is wanted itself. Without "name":
{"values": {"x": as in values.json, …}}.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import builtins
import copyreg
import gc
import io
import json
import linecache
import marshal
import mmap
import os
import pickle
import re
import signal
import sys
import time
import types
import weakref
from builtins import *

# Notebooks put functions of their own in the place of a library's (mock.patch, builtins.open = …): those are not for us.
json, os, time = (types.SimpleNamespace(**vars(m)) for m in (json, os, time))

# Its classes must be found again by whoever unpickles them, and `__main__` belongs to the notebook.
_STARTED = __name__ == "__main__"
_HARNESS = sys.modules[__name__]
sys.modules["_chard_step"] = _HARNESS
__name__ = "_chard_step"
_FILE = (lambda: 0).__code__.co_filename

PAGE = 4096
IN_BAND = 16 << 10          # smaller buffers are copied into the pickle
FAST_DIGEST = 1 << 20       # from here on buffers are told apart by GMAC
STREAM_LIMIT = 1 << 20      # characters of one cell's stream kept in the notebook
DISPLAY_LIMIT = 32 << 20    # characters of one cell's displays
LOG_LIMIT = 64 << 20        # bytes of a step's log, if it is a file
CHECK_LIMIT = 8 << 20       # pickles larger than this aren't looked through for undeclared changes
GRACE = 3.0                 # seconds between SIGTERM and SIGKILL


class Environment(Exception):
    """Something around the step is missing or broken: exit status 3."""


class Unserializable(Exception):
    """An output can't be pickled: exit status 2."""

    def __init__(self, message, name=None, cell=None, hint=None):
        super().__init__(message)
        self.name, self.cell, self.hint = name, cell, hint


class Canceled(BaseException):
    """SIGTERM came: the step is to end."""
