# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Functions that run without anybody naming them: what traces, what stands in the place of a library's, threads, contexts that are
left open from cell to cell, functions called around cells."""

# %%
import contextlib
import gc
import json
import sys
import threading
import time
import warnings
import numpy as np

# %%
names = []
waits = []
told = []
numbers = []

def double(x):
    return 2 * x

def note(frame, event, arg):
    if frame.f_code.co_name == "double":
        names.append(event)

# %%
sys.setprofile(note)

# %%
twice = double(3)

# %%
sys.setprofile(None)

# %%
print(names, twice)

# %%
plain = time.sleep
time.sleep = lambda seconds: waits.append(seconds)

# %%
time.sleep(100)

# %%
time.sleep = plain

# %%
print(waits)

# %%
usual = warnings.showwarning

def keep(message, *rest, **more):
    told.append(str(message))

# %%
warnings.showwarning = keep

# %%
warnings.warn("heard")

# %%
warnings.showwarning = usual

# %%
print(told)

# %%
late = []
timer = threading.Timer(0.2, late.append, args=("x",))
timer.start()

# %%
timer.join()

# %%
print(late)

# %%
context = np.errstate(all="raise")
context.__enter__()

# %%
try:
    np.float64(1) / 0
    raised = False
except FloatingPointError:
    raised = True

# %%
context.__exit__(None, None, None)

# %%
print(raised)

# %%
closed = []
stack = contextlib.ExitStack()

# %%
stack.callback(closed.append, "closed")

# %%
stack.close()

# %%
print(closed)

# %%
cells = []
get_ipython().events.register("post_run_cell", lambda *_: cells.append(1))

# %%
first = 1

# %%
second = 2

# %%
print(len(cells))

# %%
gone = []

class Ending:
    def __del__(self):
        gone.append("gone")

ending = Ending()

# %%
still = list(gone)

# %%
ending = None

# %%
print(still, gone)
