# SPDX-License-Identifier: Apache-2.0
"""Views of arrays and frames, elements of containers: a change through one is a change of all."""

# %%
import numpy as np
import pandas as pd

# %%
grid = np.zeros((4, 4))

# %%
row = grid[1]
row += 5

# %%
corner = grid[:2, :2]
corner[0, 0] = 9

# %%
print(grid)

# %%
flat = grid.ravel()
flat[-1] = 7

# %%
print(grid[3, 3], grid.T[3, 3])

# %%
cols = list(grid.T)
cols[2][:] = 3

# %%
print(grid)

# %%
a, b = np.split(np.arange(6.), 2)
for half in (a, b):
    half *= 10

# %%
print(a, b)

# %%
def normalise(m):
    m -= m.mean()
    m /= m.std()

# %%
data = np.arange(5.)
normalise(data)

# %%
print(data)

# %%
mat = np.eye(3)
diag = mat.diagonal().copy()
mat[np.diag_indices(3)] = 4

# %%
print(diag, mat)

# %%
frames = {k: pd.DataFrame({"v": [1, 2]}) for k in "ab"}

# %%
for k, f in frames.items():
    f["w"] = f.v * 2

# %%
print(frames["a"].w.sum())

# %%
fa = frames["a"]
fa.loc[0, "v"] = 100

# %%
print(frames["a"])

# %%
nested = {"x": [1, 2], "y": {"z": [3]}}
alias = nested["y"]["z"]

# %%
alias.append(4)

# %%
print(nested)

# %%
shallow = nested.copy()
shallow["x"].append(3)

# %%
print(nested["x"], shallow["x"])

# %%
matrix = [[0] * 3] * 2
matrix[0][0] = 1

# %%
print(matrix)

# %%
lst = sorted([[3], [1], [2]])
small = lst[0]

# %%
small.append(0)

# %%
print(lst)

# %%
it = zip([1, 2], [[3], [4]])
pairs = list(it)
for i, p in pairs:
    p.append(i)

# %%
print(pairs)

# %%
table = pd.DataFrame({"x": [1, 2], "y": [3, 4]})
named = table.rename_axis("before")
other = table.copy()

# %%
table.index.name = "row"
table.columns.name = "column"

# %%
named.index.rename("after", inplace=True)

# %%
other.index.names = ["n"]

# %%
print(table, named, other, sep="\n")

# %%
grouped_frame = pd.DataFrame({"value": [1, 2, 3], "kind": ["x", "x", "y"]})

# %%
groups = grouped_frame.groupby("kind")

# %%
grouped_frame.loc[0, "value"] = 7

# %%
print(groups["value"].sum().to_dict())

# %%
import networkx as nx

# %%
graph = nx.path_graph(3)

# %%
links, places = graph.edges, graph.nodes

# %%
graph.remove_edge(1, 2)
graph.add_node(9, c="red")

# %%
print(list(links), places(data=True))

# %%
places[0]["c"] = "blue"

# %%
print(graph.nodes(data=True))
