# SPDX-License-Identifier: Apache-2.0
"""Set-up that is made of what a step worked out: later steps repeat it once they have been handed that, in the notebook's order."""

# %%
import json
import logging
import random
import warnings

# %%
k = random.randint(3, 3)

# %%
json.scale = 1

# %%
print(json.scale)

# %%
json.scale = k

# %%
before = json.scale

# %%
json.scale = before + 1; width = 2

# %%
print(before, json.scale, width)

# %%
logging.basicConfig(level=10 * k)
warnings.simplefilter("ignore" if k > 2 else "always")

# %%
print(logging.getLogger().level, warnings.filters[0][0])

# %%
logging.getLogger().setLevel(10)

# %%
print(logging.getLogger().level)
