"""Pictures of a pipeline whose titles try to break out of them, read by those who know the languages: Graphviz's own
parser (libcgraph), an XML parser, and Mermaid's rules for labels as its documentation has them (tried by hand with
mermaid 12.3 as well).

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
NOTEBOOK = """\
# %% [markdown]
# ## Load "the" [data](https://example.org) & `more`; \\n {x} | **100%** * [y] C# ##

# %%
import random
données = sorted (random.random () for i in range (3))

# %% [markdown]
# ## Ünïcode – 日本 -->|x| end

# %%
total = max (données)

# %% [markdown]
# ## end

# %%
print (total)
"""
TITLES = ['Load "the" data & more; \\n {x} | 100% * [y] C#', "Ünïcode – 日本 -->|x| end", "end"]
EDGES = [(0, 1, "données"), (1, 2, "total")]


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        with open(os.path.join(cls.folder.name, "hostile.py"), "w", encoding="utf-8") as f:
            f.write(NOTEBOOK)

    def picture(self, language):
        return subprocess.run([CHARD, "graph", "--to", language, "hostile.py"], cwd=self.folder.name, check=True,
                              capture_output=True, text=True, timeout=300).stdout

    def test_dot_as_graphviz_reads_it(self):
        cgraph = ctypes.CDLL("libcgraph.so.6")
        for name in "agmemread", "agfstnode", "agnxtnode", "agfstout", "aghead":
            getattr(cgraph, name).restype = ctypes.c_void_p
        cgraph.agget.restype = cgraph.agnameof.restype = ctypes.c_char_p

        def call(name, *objects):
            return getattr(cgraph, name)(*(ctypes.c_void_p(o) if isinstance(o, int) else o for o in objects))

        graph = call("agmemread", self.picture("dot").encode())
        self.assertIsNotNone(graph)
        nodes, edges = {}, []
        node = call("agfstnode", graph)
        while node:
            nodes[call("agnameof", node).decode()] = call("agget", node, b"label").decode()
            edge = call("agfstout", graph, node)
            if edge:
                edges.append((int(call("agnameof", node)[1:]), int(call("agnameof", call("aghead", edge))[1:]),
                              call("agget", edge, b"label").decode()))
            node = call("agnxtnode", graph, node)
        shown = [re.sub(r"\\(.)", r"\1", nodes["n%d" % i].rsplit("\\n", 1)[0]) for i in range(len(nodes))]
        self.assertEqual((shown, edges), (TITLES, EDGES))
        cgraph.agclose(ctypes.c_void_p(graph))

    def test_mermaid(self):
        """A quoted label ends at the next quote; #34; and its like stand for characters."""
        lines = self.picture("mermaid").splitlines()
        self.assertEqual(lines[0], "flowchart TD")
        node, edge = re.compile(r'    n(\d+)\("([^"#&<>`]|#\d+;|<br/>)*"\)'), re.compile(r'    n(\d+) -->\|"(\w+)"\| n(\d+)')
        labels, edges = [], []
        for line in lines[1:]:
            link = edge.fullmatch(line)
            if link:
                edges.append((int(link[1]), int(link[3]), link[2]))
                continue
            self.assertRegex(line, node)
            label = line[line.index('"') + 1:line.rindex('"')].split("<br/>")[0]
            labels.append(re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label))
        self.assertEqual((labels, edges), (TITLES, EDGES))

    def test_svg_is_xml(self):
        root = xml.etree.ElementTree.fromstring(self.picture("svg"))
        space = "{http://www.w3.org/2000/svg}"
        edges = [e.text for e in root.iter(space + "title") if "→" in e.text]
        self.assertEqual(edges, ["%s → %s (data): %s" % (TITLES[a], TITLES[b], name) for a, b, name in EDGES])


if __name__ == "__main__":
    unittest.main()
