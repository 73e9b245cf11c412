"""Child of run.py: hands a value over as a step does, and copies it once in memory, by turns.

    handover.py STEP.PY KIND TURNS DIRECTORY     prints {"bytes", "peak", "copy": [s…], "again": […], "warm": […], …}

`copy` and `again` are one memcpy of the value into fresh memory, as any copy of it is made; `warm` is a memcpy of as
many bytes into memory that is in use already; `write` is all that the giving step does (pickle, file, digest, the
description beside it), `read` what the taking step does until it has the value. `peak` is in KiB.
SPDX-License-Identifier: Apache-2.0
"""
import gc
import importlib.util
import json
import os
import resource
import shutil
import sys
import time

import numpy as np


def load_harness(path):
    spec = importlib.util.spec_from_file_location("_chard_step", path)
    module = sys.modules["_chard_step"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._prepare_process()       # as the zygote does before it forks
    module._enter_space(module.Space("bench"))
    return module


def make_array():
    array = np.random.default_rng(0).random(50_000_000)
    return array, array.nbytes, array.copy


def make_frame(text=False):
    import pandas as pd
    random, rows = np.random.default_rng(0), 5_000_000
    frame = pd.DataFrame({
        "key": random.integers(0, 1000, rows), "count": random.integers(0, 100, rows).astype("int32"),
        "when": np.datetime64("2024-01-01", "ns") + random.integers(0, 10**9, rows).astype("timedelta64[ns]"),
        "kind": pd.Categorical.from_codes(random.integers(0, 4, rows), list("abcd")), "flag": random.random(rows) < 0.5,
        **{"x%d" % i: random.random(rows) for i in range(4)}})
    if text:
        frame["text"] = pd.Series(["shop number %d" % (i % 1000) for i in range(rows)], dtype=object)
    return frame, int(frame.memory_usage(index=False).sum()), lambda: frame.copy(deep=True)


KINDS = {"array": make_array, "frame": make_frame, "text": lambda: make_frame(text=True)}


def seconds(work):
    gc.collect()
    began = time.perf_counter()
    kept = work()
    took = time.perf_counter() - began
    del kept
    return took


def main():
    path, kind, turns, directory = sys.argv[1:]
    step = load_harness(path)
    value, size, copy = KINDS[kind]()
    taken = {"copy": [], "again": [], "warm": [], "write": [], "read": []}
    source, target = np.ones(size, "uint8"), np.ones(size, "uint8")
    for turn in range(int(turns)):
        # The pages that one frees the next one gets, as it is where steps follow each other. After a large file is
        # removed the first to want huge pages gets some that nobody had before, which a virtual machine has yet to
        # find: not counted.
        seconds(copy)
        where = os.path.join(directory, "%s-%d" % (kind, turn))
        os.makedirs(where)
        taken["again"].append(seconds(copy))
        taken["copy"].append(seconds(copy))
        taken["write"].append(seconds(lambda: step.write_bundle(where, ["value"], [value])))
        taken["warm"].append(seconds(lambda: np.copyto(target, source)))
        taken["read"].append(seconds(lambda: step.Bundle(where).get("value")))
        shutil.rmtree(where)
    print(json.dumps(dict(taken, bytes=size, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)))


main()
