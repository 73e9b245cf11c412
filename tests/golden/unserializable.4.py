# A library's function travels by its name: where the notebook puts another one in its place, that would be handed on instead.
# %%
import json
import random
# %% tags=["step:keep"]
plain = [json.dumps][random.randint(0, 0)]
# %% tags=["step:replace"]
json.dumps = lambda value: "mine"
# %% tags=["step:restore"]
json.dumps = plain
