# SPDX-License-Identifier: Apache-2.0
"""Pillow draws into pictures, and graphs of NetworkX remember what they were asked."""

# %%
from PIL import Image, ImageDraw
import networkx as nx
import numpy as np

# %%
im = Image.new("RGB", (20, 20), "red")
small = im.crop((0, 0, 5, 5))
G = nx.Graph([(1, 2), (2, 3), (3, 4)])
D = nx.DiGraph([(1, 2)])

# %%
d = ImageDraw.Draw(im)
d.rectangle([2, 2, 5, 5], fill="blue")
del d
nx.set_edge_attributes(G, {(1, 2): {"w": 5}})
nx.add_path(D, [5, 6, 7])

# %%
im.paste(small, (10, 10))
rank = nx.pagerank(G)
near = dict(nx.all_pairs_shortest_path_length(G))

# %%
G.edges[1, 2]["w"] += 1
G.nodes[1]["colour"] = "red"
t = im.copy()
t.thumbnail((10, 10))
im.save("x.png")

# %%
print(np.asarray(im).sum(), t.size, Image.open("x.png").getpixel((3, 3)), small.size)
print(G.edges(data=True), G.nodes(data=True), list(D.edges), rank, near[1])
