# What is left in the process by less known ways: filters that count, displays that are updated, modules and finders put into sys;
# values whose end is noticed; files that are read while they are open, or logged to; coroutines
# and tasks.
# %%
import asyncio
import logging
import sys
import types
import weakref
from IPython.display import display, update_display
seen = []
class Finder:
    pass
# %%
class Thing:
    pass
# %% tags=["step:make"]
thing = Thing()
cache = weakref.WeakValueDictionary(a=thing)
# %% tags=["step:end"]
del thing
# %% tags=["step:look"]
print(len(cache))
# %% tags=["step:open"]
out = open("out.txt", "w")
out.write("one")
# %% tags=["step:read"]
print(open("out.txt").read())
# %% tags=["step:handle"]
logging.basicConfig(filename="app.log")
# %% tags=["step:tail"]
!tail app.log
# %%
async def work():
    seen.append("worked")
# %% tags=["step:make-coroutine"]
made = work()
# %% tags=["step:await"]
await made
# %% tags=["step:start"]
task = asyncio.create_task(work())
# %% tags=["step:go-on"]
await task
# %% tags=["step:filter"]
logging.getLogger("app").addFilter(lambda record: seen.append(record) or True)
# %% tags=["step:log"]
logging.getLogger("app").warning("heard")
# %% tags=["step:show"]
display("start", display_id="state")
# %% tags=["step:update"]
update_display("end", display_id="state")
# %% tags=["step:find"]
sys.meta_path.insert(0, Finder)
# %% tags=["step:import"]
import colorsys
# %% tags=["step:lose"]
sys.meta_path.remove(Finder)
# %% tags=["step:put"]
sys.modules["made_here"] = types.ModuleType("made_here")
# %% tags=["step:get"]
import made_here
