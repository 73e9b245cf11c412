# SPDX-License-Identifier: Apache-2.0
"""Loops under a progress bar change what they go through as they would without."""

# %%
from tqdm import tqdm, trange
from tqdm.auto import tqdm as bar
import pandas as pd

# %%
rows = [{"v": i} for i in range(4)]
docs = [["a"], ["b"]]
table = pd.DataFrame({"a": [1, 2, 3]})
bar.pandas(disable=True)

# %%
for row in tqdm(rows, disable=True):
    row["w"] = row["v"] * 2

# %%
for i, doc in enumerate(bar(docs, disable=True)):
    doc.append(i)
for i in trange(2, disable=True):
    rows[i]["t"] = i

# %%
for i, row in bar(enumerate(rows), total=4, disable=True):
    row["z"] = i
table["b"] = table["a"].progress_apply(lambda v: v + 1)

# %%
print(rows, docs, table.b.tolist())
