# SPDX-License-Identifier: Apache-2.0
"""Names that only some branch binds, star imports, scripts that %run runs, attributes set on modules."""

# %%
import sys

# %%
n = len(sys.argv)

# %%
if n > 100:
    big = 1
else:
    small = 2

# %%
try:
    print(big)
except NameError:
    print("no big")

# %%
print(small)

# %%
for i in range(n - 1 if n > 1 else 0):
    loopvar = i

# %%
try:
    print(loopvar)
except NameError:
    print("none")
else:
    print("some")

# %%
from os.path import *

# %%
print(join("a", "b"))

# %%
import json

# %%
setattr(json, "rules_extra", 7)

# %%
print(json.rules_extra)

# %%
%%writefile rules_script.py
result = 42
print("in script")

# %%
%run rules_script.py

# %%
print(result)
