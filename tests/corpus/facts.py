"""Facts about cells, as `chard compile --stop-after=syntax` prints them, held against those that CPython's symtable and
IPython's transformer gave (static.json of the shared corpus). Called by check.py.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compiler"))
from symtable_facts import facts_of  # noqa: E402

# static.json's key, ours
KEYS = (("stores", "binds"), ("deletes", "deletes"), ("loads_any", "reads"), ("loads", "needs"),
        ("deferred_loads", "later_reads"), ("deferred_stores", "later_binds"), ("imports", "imports"),
        ("star_imports", "star_imports"))
# Magics whose statement or cell runs in the user's namespace: we look into it, as the reference does for cell magics.
TRANSPARENT = ("time", "capture", "timeit", "prun", "memit")


def magic_kinds(magics):
    """(kind, name) of each, in no order: the reference lists them in the order of its walk over the tree."""
    found = []
    for kind, name, *rest in magics:
        if kind == "line" and not name:
            name = (rest[0].split() or [""])[0]  # `% matplotlib inline`
        if name.startswith("pinfo") or name == "psearch":
            kind, name = "help", ""
        found.append((kind, "" if kind in ("shell", "help") else name))
    return sorted(found)


def with_body(reference):
    """A transparent cell magic's body is code like any other."""
    body = reference.get("body")
    if not body or not body.get("parses") or body.get("magic") not in TRANSPARENT:
        return reference
    return dict(body, magics=reference["magics"] + body["magics"], cell=reference["cell"])


def has_statement_magic(reference):
    return any(m[0] == "line" and m[1] in TRANSPARENT for m in reference["magics"])


def statements_bare(source):
    """The source without `%time` in front of statements: what we read. None if there is more to it."""
    lines = []
    for line in source.split("\n"):
        text = line.lstrip()
        indent = line[:len(line) - len(text)]
        if text.startswith("%") and not text.startswith("%%"):
            name, _, rest = text[1:].partition(" ")
            if name not in TRANSPARENT or rest.lstrip().startswith("-"):
                return None
            text = rest
        elif text.startswith("!"):
            text = "0"
        lines.append(indent + text)
    return "\n".join(lines)


def differing(reference, found):
    """The reference's keys that disagree."""
    wrong = [theirs for theirs, ours in KEYS if names(reference[theirs]) != names(found[ours])]
    if magic_kinds(reference["magics"]) != magic_kinds(found["magics"]):
        wrong.append("magics")
    return wrong


def names(texts):
    return sorted({unicodedata.normalize("NFKC", t) for t in texts} - {"get_ipython"})


def excuse(reference, found, wrong, source):
    """Why the reference differs where it is not the compiler that is wrong; None if nothing is known."""
    if has_statement_magic(reference):
        bare = statements_bare(source)
        try:
            truth = facts_of(bare) if bare is not None else None
        except SyntaxError:
            truth = None
        if truth and all(names(truth[k]) == names(found[k]) for k in ("binds", "reads", "later_reads")):
            return "the statement behind %time is looked into"
    if wrong == ["magics"] and "get_ipython()" in source:
        return "a call of get_ipython() is no magic"
    if wrong == ["deferred_loads"]:
        if "def top(" in source:
            return "the reference takes a function named `top` for the module"
        missing = set(reference["deferred_loads"]) - set(found["later_reads"])
        if not missing and set(found["later_reads"]) - set(reference["deferred_loads"]) <= set(found["later_binds"]):
            return "`global x; x += 1` reads x; the reference has it bound only"
    if re.match(r"%%(capture|bash|sh|script)\b.*\w", source) and set(wrong) <= {"stores", "loads", "loads_any"}:
        return "%%bash --out NAME binds NAME, and `$X` reads X"
    if any(m[0] == "help" for m in found["magics"]) and set(wrong) <= {"loads", "loads_any"}:
        return "`x?` reads x"
    return None


class Report:
    """Counts of cells, reasons of disagreements, and those without."""

    def __init__(self):
        self.cells = self.agreed = self.skipped = self.broken = self.broken_told = 0
        self.reasons, self.unexplained = collections.Counter(), []

    def compare(self, name, reference, found, source):
        if not reference["parses"]:
            self.broken += 1
            self.broken_told += bool(found) and not found["parses"]
            return
        if found is None:
            self.skipped += 1
            return
        self.cells += 1
        reference = with_body(reference)
        wrong = differing(reference, found) if found["parses"] else ["parses"]
        if not wrong:
            self.agreed += 1
            return
        reason = excuse(reference, found, wrong, source)
        if reason:
            self.reasons[reason] += 1
        else:
            self.unexplained.append((name, reference["cell"], wrong))

    def per_cent(self):
        """Of cells that agree with the reference, or with symtable where the reference is known to be wrong."""
        return 100.0 * (self.cells - len(self.unexplained)) / (self.cells or 1)


def compare_all(static, sources_of, found_of):
    """`sources_of(name)` gives the notebook's cells' sources, `found_of(name)` the facts by cell or None."""
    report = Report()
    for name, cells in sorted(static.items()):
        found, sources = found_of(name), sources_of(name)
        for reference in cells:
            report.compare(name, reference, (found or {}).get(reference["cell"]), sources[reference["cell"]])
    return report


def read_sources(path):
    with open(path, encoding="utf-8-sig") as f:
        notebook = json.load(f)
    cells = notebook.get("cells") or [c for sheet in notebook.get("worksheets", []) for c in sheet["cells"]]
    return ["".join(c.get("source", c.get("input", ""))) for c in cells]
