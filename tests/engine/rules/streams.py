# SPDX-License-Identifier: Apache-2.0
"""Streams that are written to by those who are given them; data bases in files; folders that commands make; annotations that
nobody evaluates."""

# %%
from __future__ import annotations

# %%
import contextlib
import csv
import io
import os
import sqlite3

import matplotlib.pyplot as plt
import pandas as pd

# %%
text = io.StringIO()
binary = io.BytesIO()
table = io.StringIO()

# %%
print("one", 1, file=text)

# %%
with contextlib.redirect_stdout(text):
    print("two")

# %%
fig, ax = plt.subplots(figsize=(1, 1))
ax.plot([1, 2])

# %%
fig.savefig(binary);

# %%
rows = csv.writer(table)
rows.writerow(["a", "b"])
del rows

# %%
pd.DataFrame({"x": [1, 2]}).to_csv(table, index=False)

# %%
print(repr(text.getvalue()), len(binary.getvalue()) > 50, repr(table.getvalue()))

# %%
if os.path.exists("kept.db"):
    os.remove("kept.db")
con = sqlite3.connect("kept.db")
con.execute("create table t (a)")
con.commit()
con.close()

# %%
con = sqlite3.connect("kept.db")
con.execute("insert into t values (7)")
con.commit()
con.close()

# %%
con = sqlite3.connect("kept.db")
found = con.execute("select a from t").fetchall()
con.close()

# %%
def scale(x: Number, by: Factor = 2) -> Number:
    y: Unknown = x * by
    return y

# %%
print(found, scale(4), scale.__annotations__)

# %%
get_ipython().system("mkdir -p made_here")
os.chdir("made_here")

# %%
with open("note.txt", "w") as f:
    f.write("n")

# %%
print(os.path.basename(os.getcwd()), os.listdir("."))

# %%
class Counting:
    count = 0

    def write(self, text):
        Counting.count += len(text)

# %%
print("abc", file=Counting())

# %%
print(Counting.count)
