# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Functions that run without anybody naming them: what traces, what stands in the place of a library's, threads, contexts that are
left open from cell to cell, functions called around cells, filters of loggers, displays that are updated, finders of modules."""

# %%
import contextlib
import copy
import copyreg
import gc
import importlib.machinery
import json
import logging
import sys
import threading
import time
import types
import warnings
import numpy as np
from IPython.display import update_display

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
class Count(logging.Filter):
    seen = 0

    def filter(self, record):
        self.seen += 1
        return True

count, heard = Count(), []
logger = logging.getLogger("filtered")

# %%
logger.addFilter(count)

# %%
logger.addFilter(lambda record: heard.append(record.getMessage()) or False)

# %%
logger.warning("once")

# %%
print(count.seen, heard)

# %%
display("start", display_id="state")
handle = display(0, display_id=True)

# %%
update_display("end", display_id="state")

# %%
handle.update(len(heard))

# %%
class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, cls) if name == "made_up" else None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        module.found = heard[0]

# %%
sys.meta_path.append(Finder)

# %%
import made_up

# %%
sys.meta_path.remove(Finder)

# %%
print(made_up.found)

# %%
made = types.ModuleType("made_here")
made.value = 3

# %%
sys.modules["made_here"] = made

# %%
import made_here
made_here.value += 1

# %%
print(made.value)

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

# %%
reduced = []

class Kept:
    pass

def reduce_kept(kept):
    reduced.append("kept")
    return Kept, ()

# %%
copyreg.pickle(Kept, reduce_kept)

# %%
copied = copy.copy(Kept())

# %%
print(reduced)
