"""Python's syntax, 3.8 to 3.13: what each cell binds and reads, by hand, and by CPython's symtable where the running
Python can parse it.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import json
import os
import subprocess
import tempfile
import unittest

from symtable_facts import facts_of

CHARD = os.environ.get("CHARD", "./chard")

# name: (source, binds, reads, later_reads[, later_binds])
CASES = {
    "match": ("match command:\n"
              "    case [first, *rest] if first in known: r = rest\n"
              "    case {'k': v, **others}: pass\n"
              "    case Point(x=0, y=py) | Line(py): pass\n"
              "    case a.CONSTANT | None | -1 | 'text': pass\n"
              "    case str() as s: pass\n"
              "    case (1, (two, _)): pass\n",
              "first others py r rest s two v", "Line Point a command first known rest str", ""),
    "match is a name": ("match = 1\nprint(match, case)\nmatch[0] = type", "match", "case match print type", ""),
    "walrus": ("if (n := len(data)) > 3: print(n)\n[y := f(x) for x in data]\n(z := 3)",
               "n y z", "data f len n print", ""),
    "walrus in nested comprehension": ("any(any((w := c) for c in row) for row in rows)\nw", "w", "any rows w", ""),
    "walrus in lambda stays": ("g = lambda x: (q := x + k)", "g", "", "k"),
    "walrus in a condition of a comprehension": ("r = [v for x in xs if (v := h(x))]", "r v", "h v xs", ""),
    "type parameters": ("def f[T: Base, *Ts, **P](x: T, y: Other) -> T:\n    z: T = x\n    return g(z)\n"
                        "class C[T](Generic[T], metaclass=M):\n    def m[U](self, u: U) -> T: return h\n"
                        "type Alias[K] = dict[K, Value]\ntype Plain = Alias\n",
                        "Alias C Plain f", "Generic M Other", "Alias Base Value dict g h"),
    "f-strings nested": ('s = f"{a!r:>{width}} {\'x\'} {b[\'k\']:{c}.{d}f} {{no}} {e=}"', "s", "a b c d e width", ""),
    "f-strings of 3.12": ('s = f"{", ".join(names)} {f"{deep(f"{inner}")}"} {\n    x  # note\n}"',
                          "s", "deep inner names x", ""),
    "f-string with lambda and walrus": ('t = f"{(lambda q: q + out)(arg)} {(m := 1)}"', "m t", "arg", "out"),
    "f-string triple": ("u = f'''{\na +\nb}'''\nv = rf'\\d{n}' f'{p}' 'plain {not_read}'", "u v", "a b n p", ""),
    "t-strings are no names": ("s = 'a {b}'", "s", "", ""),
    "except star": ("try: risky()\nexcept* (ValueError, Own) as group: show(group)\nelse: other\nfinally: last",
                    "group", "Own ValueError group last other risky show", ""),
    "except binds for its block": ("try: pass\nexcept E as e: log(e)", "e", "E e log", ""),
    "async": ("async def f(a):\n    async with lock as l:\n        async for i in stream(l): yield i\n"
              "    return [j async for j in a if await check(j)]\n"
              "r = await f(x)\nasync with ctx() as c: pass\nasync for q in src: pass\n",
              "c f q r", "ctx f src x", "check lock stream"),
    "decorators and defaults are read now": ("@deco(arg)\n@other.attr\ndef f(a=default, *, b: ann = later, **k) -> ret:\n"
                                             "    return a + b + free\n",
                                             "f", "ann arg deco default later other ret", "free"),
    "star expressions": ("a, *b = *c, *d\nf(*args, **kw)\n{**m, 'x': 1}\n[*p]\nx[*idx]\nfor t in *u, v: pass\n",
                         "a b t", "args c d f idx kw m p u v x", ""),
    "global and nonlocal": ("def outer():\n    global g\n    g = 1\n    n = 0\n    def inner():\n        nonlocal n\n"
                            "        n = m\n        global h\n        h = g\n    return inner\n",
                            "outer", "", "g m", "g h"),
    "global at the top": ("global z\nz = 1", "z", "", ""),
    "class scope": ("class A(B):\n    x = 1\n    y = x + z\n    def m(self): return x, A, __class__\n"
                    "    l = [x for _ in range(y)]\n    n: Ann = w\n    class In:\n        v = x\n",
                    "A", "Ann B range w x z", "A x"),
    "class with global": ("class A:\n    global top\n    top = 1\n", "A top", "", ""),
    "comprehension scopes": ("r = [i for i in i_src if i for j in i]\ns = {k: v for k, v in pairs}\nt = {e for e in e}\n"
                             "u = (o(g) for g in gen)", "r s t u", "e gen i_src o pairs", ""),
    "lambda": ("f = lambda a, b=now, *c, **d: a + free + (lambda: b + deep)()", "f", "now", "deep free"),
    "del": ("del a, b.c, d[e], (f, g)", "", "a b d e f g", ""),
    "conditional definitions": ("if flag:\n    def f(): return a\nelse:\n    f = None\ntry:\n    import fast as impl\n"
                                "except ImportError:\n    impl = None\nwhile w: v = 1\nelse: e = 2\n",
                                "e f impl v", "ImportError flag w", "a"),
    "imports": ("import a.b.c, d as e\nfrom f.g import h as i, j\nfrom . import k\nfrom ..l import (m,\n n)\n",
                "a e i j k m n", "", ""),
    "annotations": ("x: int\ny: List[q] = z\na.b: c = d\n(p): w = 1", "p y", "List a c d int q w z", ""),
    "augmented": ("x += y\nobj.attr -= 1\nl[i] *= x", "x", "i l obj x y", ""),
    "chains": ("a = b = c, (d, [e, *f]) = g\n", "a b c d e f", "g", ""),
    "with": ("with (open(p) as f, g() as (h, i), j): k\nwith l, m as n.o: pass", "f h i", "g j k l m n open p", ""),
    "positional only": ("def f(a, /, b, *, c): return a, b, c, x", "f", "", "x"),
    "strings that look like code": ("'''def f(): return g'''\nr'\\'' + b'x' + \"# %magic\"", "", "", ""),
    "semicolons and continuations": ("a = 1; b = a; \\\nc = b\nif a: d = 1; e = 2", "a b c d e", "a b", ""),
    "unicode names": ("\u00e9t\u00e9 = \u03c3\n\U0001d70e = 1\ne\u0301 = \ufb01\nprint(\u00e9, \u03d5)",
                      "\u00e9 \u00e9t\u00e9 \u03c3", "fi print \u00e9 \u03c3 \u03c6", ""),
    "numbers": ("x = 1_000 + 0x_ff + 1e3j + 0b1 + 0o7 + .5\ny = 1if x else 2", "x y", "x", ""),
    "ellipsis and none": ("x = ...\ndef f() -> None: ...\nTrue if None else False", "f x", "", ""),
    "matrix product": ("a @ b\nc @= d", "c", "a b c d", ""),
    "print statement in a name": ("print >> f\nexec = 1\nprint = exec", "exec print", "exec f print", ""),
    "soft keywords": ("type = 1\n_ = case\nmatch(type)\ntype(x)", "_ type", "case match type x", ""),
    "nested functions": ("def a():\n    x = y\n    def b():\n        return x + z\n    class C(x, q):\n"
                         "        t = x + s\n    return b\n", "a", "", "q s y z"),
    "local that hides a global": ("x = 1\ndef f():\n    x = 2\n    return x\ndef g(): return x", "f g x", "", "x"),
    "slices": ("a[b:c, ..., d::e] = f[:, None]", "", "a b c d e f", ""),
    "conditional expression": ("x = a if b else c and not d or e", "x", "a b c d e", ""),
    "subscript assignment in loops": ("for a[0], b.c in d: pass\nfor i, (j, *k) in l: pass", "i j k", "a b d l", ""),
    "return types as strings": ("def f(x: 'T') -> 'U': pass", "f", "", ""),
    "parenthesised context": ("with (a): pass\nwith (a, b): pass", "", "a b", ""),
}


REFUSED = [
    # lines that end too early, or not at all
    "model = # TODO\nfit(model)", "x =\ny = 1", "x.\ny", "import\\\n os,", "if x ==\n  1: pass",
    "for x in\\\n y\n: pass", "while x\n: y = 1", "a = 1 b = 2", "a = f()b", "def f(a)\n: pass", "return\n",
    "a = b: c",
    # indentation
    "if x:\npass", "try:\n    f()\nexcept E:\npass", "try:\n    f()\nfinally:\npass", "match x:\npass",
    "x = 1\n y = 2",
    # arguments and parameters
    "f(a=1, 2)", "f(**k, 1)", "f(**k, *a)", "f(a=1, a=2)", "f(,)", "f(x for x in y, 1)", "[x for x in y, z]",
    "class C(metaclass=M, B): pass", "def f(a=1, b): pass", "def f(a, a): pass", "def f(*a, *b): pass",
    "def f(**k, a): pass", "def f(a, /, b, /): pass", "def f(*a, /): pass", "def f(/, a): pass", "lambda a=1, b: 0",
    "def f(a, (b, c)): pass", "lambda (a, b): a",
    # targets
    "f() = 1", "a, b += 1", "[a] += b", "*a = b", "*a, *b = c", "None = 1", "x.True = 1", "del f()", "del (a, b + 1)",
    "with a as b(): pass", "for f() in x: pass", "(a, b): int", "(a,): int", "[a]: int", "def None(): pass",
    # what can't stand there
    "return 1", "class C:\n    return 1", "yield 1", "break", "if x:\n    continue",
    "for x in y:\n    def f():\n        break", "while x:\n    pass\nelse:\n    break", "def f():\n    await g()",
    "lambda: await_ if (await x) else 1", "def f():\n    from m import *", "from m import a,", "x = *a", "f(a + *b)",
    "*print(x)", "x := 1", "x[*a:1]", "return_ = (yield)",
    # names and scopes
    "def f(x):\n    global x", "def f():\n    print(x)\n    global x", "x = 1\nglobal x", "nonlocal x",
    "def f():\n    nonlocal x",
    # Python 2
    "raise E, 'text'", "try: f()\nexcept A, B: pass", "a <> b", "x = 010", "exec 'x'",
    "try: f()\nexcept: pass\nexcept E: pass", "b'\u00e9'",
]
TAKEN = [
    "a, b = *x.shape, 1\nc = 0, *f(x)[1:], *y + z", "x = (\n    1\n)", "x = 1 + \\\n    2", "s = '''a\nb'''; t = 1",
    "f(*a, b=1, *c, **d, e=2)", "f(\n    # a, b\n)", "f((x for x in y), 1)", "[x for x in (1, 2)]",
    "def f(a, /, b=1, *, c, d=2, **e): pass", "def f(a=1, *b, c): pass", "(a, b), *c = [d.e, f[0]] = x",
    "for a, *b in c: break\nelse: pass", "with a as (b, c), d as e[0]: pass",
    "while x:\n    for y in z: continue\n    else: break", "await f()\nasync def g():\n    await h()\n    yield 1",
    "global x\nx = 1", "def f():\n    global x\n    x = 1\n    def g(x): return x",
    "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2", "f = lambda: (yield)",
    "x = 00 + 0_0 + 0.5 + 01.5 + 010j", "raise E('a, b') from F", "try: f()\nexcept (A, B): pass\nexcept: pass",
    "(x := 1)\nif (y := x): pass", "print(*a, sep='')\nx = [*a, *b]\nreturn_ = {*a}", "if x: y = 1; z = 2",
    "@d\n\ndef f(): pass", "class C(B, metaclass=M):\n    x = 1\n    del x", "from m import (a,\n  b,)",
    "x: int\ny.z: int = 1\n(w): int = 2", "def f():\n    return (\n        a\n    )",
    "match = 1\nmatch (match):\n    case 1: pass", "del (a, b), [c], d.e", "(x) += 1\n(x) = 2\ndel (x)", "b'\\xe9'",
]


def cell_facts(sources):
    """The facts that the compiler prints, a dictionary each."""
    cells = [{"cell_type": "code", "metadata": {}, "source": s, "outputs": [], "execution_count": None} for s in sources]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.ipynb")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, f)
        run = subprocess.run([CHARD, "compile", "--stop-after=syntax", path], capture_output=True, text=True, timeout=60)
    return json.loads(run.stdout)["cells"]


class Syntax(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.found = dict(zip(CASES, cell_facts([case[0] for case in CASES.values()])))

    def check_case(self, name):
        source, found = CASES[name][0], self.found[name]
        wanted = [sorted(words.split()) for words in CASES[name][1:]] + [[]]
        self.assertTrue(found["parses"], "not taken for Python")
        keys = ("binds", "reads", "later_reads", "later_binds")
        self.assertEqual({k: found[k] for k in keys}, dict(zip(keys, wanted)))
        try:
            ast.parse(source)
            reference = facts_of(source)
        except SyntaxError:
            return  # a newer Python's syntax, or an await that only a notebook may have
        self.assertEqual({k: found[k] for k in keys}, {k: reference[k] for k in keys}, "CPython says otherwise")

    def check_broken(self, sources, flags=0):
        for source, found in zip(sources, cell_facts(sources)):
            with self.subTest(source), self.assertRaises(SyntaxError, msg="CPython takes it"):
                compile(source, "cell", "exec", flags)
            self.assertFalse(found["parses"], source)

    def test_broken_cells_are_told(self):
        self.check_broken(["x = = 1", "def f(:\n  pass", "print 'x'", "for x in y\n  pass", "a b", "x = (1,", "else: pass",
                           "x = 1\n  y = 2", "f(a=1, 2 3)", "'unclosed"])

    def test_what_the_grammar_lets_pass_is_refused(self):
        """All that tree-sitter takes for Python though it is none: syntax_judge.c."""
        self.check_broken(REFUSED, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def test_what_looks_like_it_is_taken(self):
        for source, found in zip(TAKEN, cell_facts(TAKEN)):
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            self.assertTrue(found["parses"], source)

    def test_the_margin_of_a_cell_is_none_of_its_code(self):
        """IPython takes off what all lines begin with."""
        for parses, source in ((True, "  x = 1\n  y = 2"), (True, "    # so\n    if x:\n        y = 1\n\n    z = 2"),
                               (False, "# so\n  x = 1"), (False, "  x = 1\ny = 2")):
            self.assertEqual(cell_facts([source])[0]["parses"], parses, source)


def add_case(name):
    setattr(Syntax, "test_" + name.replace(" ", "_"), lambda self: self.check_case(name))


for case in CASES:
    add_case(case)
