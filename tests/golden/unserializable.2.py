# Hidden state that can't be handed on. A cached function that does more than compute runs once in the notebook; in two steps it would run twice. One that only
# computes is had anew by each step.
# %%
from functools import lru_cache
# %% tags=["step:load"]
calls = []

@lru_cache
def read(n):
    calls.append(n)
    return [n]

@lru_cache
def square(n):
    return n * n
# %% tags=["step:one"]
a = read(1)
b = square(2)
# %% tags=["step:two"]
c = read(1)
d = square(2)
# %% tags=["step:log"]
import io
import logging
import sys
buffer = io.StringIO()
logging.getLogger("x").addHandler(logging.StreamHandler(buffer))
# %% tags=["step:print"]
logging.getLogger("x").warning("to the buffer")
sys.stdout = buffer
# %% tags=["step:last"]
print("to the buffer")
