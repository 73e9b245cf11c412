"""Values cross steps as they are: the judge is the plain interpreter running the same cells.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import os

from support import StepCase, needs


class Plain(StepCase):
    def test_containers(self):
        self.keeps(["x = {'a': [1, 2.5, None, True], 'b': (b'q', 'ä\\n', {3, 1}), 'c': complex(1, -0.0)}",
                    "x['a'].append(range(3))", "print(x, type(x['b']))"], ["x"])

    def test_sharing_between_names(self):
        self.keeps(["w = [1]\nd = {'w': w}\ne = [d, w]", "w.append(2)", "print(d, e, d['w'] is w, e[0] is d)"], ["w", "d", "e"])

    def test_sharing_through_attributes(self):
        self.keeps(["import types\na = types.SimpleNamespace(v=[])\nb = types.SimpleNamespace(v=a.v)", "a.v.append(1)",
                    "print(b.v, a.v is b.v)"], ["a", "b"])

    def test_same_object_under_two_names(self):
        self.keeps(["a = b = []", "a.append(1)", "print(b, a is b)"], ["a", "b"])

    def test_equal_but_separate(self):
        self.keeps(["a = []\nb = []", "a.append(1)", "print(a, b, a is b)"], ["a", "b"])

    def test_cycles(self):
        self.keeps(["a = []\na.append(a)\nd = {}\nd['self'] = d", "print(a[0] is a, d['self'] is d)"], ["a", "d"])

    def test_deep_nesting(self):
        self.keeps(["x = []\nfor _ in range(20000):\n    x = [x]", "n = 0\nwhile x:\n    x = x[0]\n    n += 1\nprint(n)"], ["x", "n"])

    def test_linked_objects(self):
        self.keeps(["class Node:\n    def __init__(self, next):\n        self.next = next\n",
                    "head = None\nfor _ in range(3000):\n    head = Node(head)", "n = 0\nwhile head:\n    head = head.next\n    n += 1\nprint(n)"],
                   ["head", "Node"])

    def test_unbound_stays_unbound(self):
        self.keeps(["flag = False\nif flag:\n    extra = 1", "try:\n    extra\nexcept NameError as e:\n    print(e)"],
                   ["flag", "extra"])

    def test_deleted(self):
        self.keeps(["x = 1\ny = 2", "del x", "print('x' in globals(), y)"], ["x", "y"])

    def test_odd_names(self):
        self.keeps(["_x = 1\n__y = 2\nñ = 3", "print(_x, __y, ñ)"], ["_x", "__y", "ñ"])

    def test_underscore_is_the_notebooks_own(self):
        self.keeps(["_ = 5", "print(_)\nfor _ in range(3): pass", "print(_)"], ["_"])

    def test_file_descriptions(self):
        done = self.good("a", ["x = [1, 2]\ns = 'a' * 1000\nn = 3"], outputs=["x", "s", "n"])
        values = done.values["values"]
        self.assertEqual(values["x"]["type"], "list")
        self.assertEqual(values["x"]["length"], 2)
        self.assertEqual(values["x"]["head"], "[1, 2]")
        self.assertEqual(values["x"]["cell"], 0)
        self.assertLess(len(values["s"]["head"]), 400)

    def test_digest_is_of_the_content(self):
        """The digest in values.json is SHA-256 over the pickle and its buffers, and the same for the same content."""
        first = self.good("a", ["x = {'k': list(range(100))}"], outputs=["x"])
        again = self.good("b", ["# other\nx = {'k': [i for i in range(100)]}"], outputs=["x"])
        other = self.good("c", ["x = {'k': list(range(101))}"], outputs=["x"])
        group = first.group("x")
        with open(os.path.join(first.directory, "values.bin"), "rb") as f:
            data = f.read()
        at, n = group["pickle"]
        self.assertEqual(group["algorithm"], "sha256")
        self.assertEqual(group["sha256"], hashlib.sha256(data[at:at + n]).hexdigest())
        self.assertEqual(group["sha256"], again.group("x")["sha256"])
        self.assertNotEqual(group["sha256"], other.group("x")["sha256"])

    def test_set_of_strings_digest(self):
        digests = {self.good("s%d" % i, ["x = {'a', 'b', 'c', 'd', 'e', 'f'}"], outputs=["x"]).group("x")["sha256"]
                   for i in range(3)}
        self.assertEqual(len(digests), 1)

    def test_input_inside_another_input(self):
        """x comes from a, y = [x] from b: in c they are still one object."""
        self.good("a", ["x = [1]"], outputs=["x"])
        self.good("b", ["y = {'x': x}"], [("x", "a")], ["y"])
        done = self.good("c", ["x.append(2)\nprint(y, y['x'] is x)"], [("x", "a"), ("y", "b")])
        self.assertEqual(done.out, "{'x': [1, 2]} True\n")

    def test_input_inside_another_input_of_other_content(self):
        """...but not where x was changed on the way."""
        self.good("a", ["x = [1]"], outputs=["x"])
        self.good("b", ["y = {'x': x}"], [("x", "a")], ["y"])
        self.good("a2", ["x = [9]"], outputs=["x"])
        done = self.good("c", ["print(x, y)"], [("x", "a2"), ("y", "b")])
        self.assertEqual(done.out, "[9] {'x': [1]}\n")


class Code(StepCase):
    def test_closure(self):
        self.keeps(["k = 2\ndef make(n):\n    def f(x):\n        return x * n + k\n    return f\nfn = make(3)", "print(fn(5))"],
                   ["fn", "k"])

    def test_closure_shares_its_cell(self):
        self.keeps(["def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    def get():\n        return n\n    return up, get\nup, get = counter()",
                    "up()\nup()", "print(get())"], ["up", "get"])

    def test_lambda_partial_recursion(self):
        self.keeps(["import functools\nfact = lambda n: 1 if n < 2 else n * fact(n - 1)\nadd = functools.partial(lambda a, b, *, c=1: a + b + c, 10, c=5)",
                    "print(fact(10), add(7))"], ["fact", "add"])

    def test_recursive_function_in_a_container(self):
        self.keeps(["def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nd = {'f': fib}", "print(d['f'](12))"], ["d"])

    def test_closure_over_itself(self):
        self.keeps(["def make():\n    def f(n):\n        return 0 if n == 0 else 1 + f(n - 1)\n    return f\ng = make()", "print(g(5))"], ["g"])

    def test_default_computed(self):
        self.keeps(["k = 3\ndef g(x=k * 2, *, y=[k]):\n    return x, y\nk = 100", "print(g())"], ["g"])

    def test_default_keeps_its_state(self):
        self.keeps(["def g(x, seen=[]):\n    seen.append(x)\n    return list(seen)", "g(1);", "print(g(2))"], ["g"])

    def test_decorated(self):
        self.keeps(["import functools\noff = 1\ndef deco(fn):\n    @functools.wraps(fn)\n    def w(*a):\n        '''doc'''\n        return fn(*a) + off\n    return w\n@deco\n@deco\ndef f(x):\n    'inner'\n    return x",
                    "print(f(1), f.__name__, f.__doc__, f.__wrapped__(1), f.__module__)"], ["f", "off"])

    def test_decorators_of_libraries(self):
        self.keeps(["import functools, contextlib\n@functools.lru_cache(maxsize=7)\ndef sq(x):\n    return x * x\n@contextlib.contextmanager\ndef cm(v):\n    yield v + 1\n"
                    "@functools.singledispatch\ndef kind(x):\n    return 'any'\n@kind.register(int)\ndef _k(x):\n    return 'int'",
                    "with cm(1) as v:\n    print(sq(4), v, sq.cache_info().maxsize, kind(1), kind('s'))"], ["sq", "cm", "kind"])

    def test_attributes_of_functions(self):
        self.keeps(["def f():\n    f.calls += 1\nf.calls = 0", "f()", "f()\nprint(f.calls)"], ["f"])

    def test_functions_see_the_readers_globals(self):
        self.keeps(["k = 1\nf = lambda: k", "k = 2", "print(f())"], ["f", "k"])

    def test_global_statement(self):
        self.keeps(["counter = 0\ndef inc():\n    global counter\n    counter += 1", "inc()\ninc()", "print(counter)"], ["counter", "inc"])

    def test_modules_used_by_a_lambda(self):
        self.keeps(["import math as m, os.path\nf = lambda x: m.floor(x) + len(os.path.join('a', 'b'))", "print(f(2.5))"], ["f"])

    def test_bound_methods(self):
        self.keeps(["class C:\n    def __init__(self, k):\n        self.k = k\n    def get(self):\n        return self.k\n    @classmethod\n    def name(cls):\n        return cls.__name__\n    @staticmethod\n    def two():\n        return 2\nc = C(4)\nget, name, two = c.get, C.name, C.two",
                    "c.k = 5\nprint(get(), name(), two(), get.__self__ is c)"], ["c", "get", "name", "two"])

    def test_two_decades_of_annotations(self):
        self.keeps(["from typing import List, Optional\ndef f(a: int, b: 'Optional[List[int]]' = None) -> str:\n    return str(a)",
                    "print(f.__annotations__['a'], f.__annotations__['b'], f(1))"], ["f"])

    def test_generator_and_async_functions(self):
        self.keeps(["def gen(n):\n    yield from range(n)\nasync def co(x):\n    return x + 1",
                    "import asyncio\nprint(list(gen(3)), asyncio.run(co(1)))"], ["gen", "co"])

    def test_replicated_definition_is_by_reference(self):
        source = "class P:\n    def hello(self):\n        return 'v1'\n"
        self.keeps(["p = P()", "print(isinstance(p, P), p.hello(), type(p) is P)"], ["p"], definitions=["P"], replicated=[source])

    def test_definition_that_the_reader_lacks(self):
        """The writer calls P a definition, the reader never heard of it."""
        self.good("a", [{"cell": 0, "line": 1, "replicated": True, "source": "def helper():\n    return 7\nclass P:\n    def v(self):\n        return helper()\n"},
                        "p = P()"], outputs=["p"], definitions=["P", "helper"])
        done = self.good("b", ["print(p.v(), type(p).__name__)"], [("p", "a")])
        self.assertEqual(done.out, "7 P\n")

    def test_definition_that_the_reader_has_otherwise(self):
        """A class of the same name from another cell is not taken for it."""
        self.good("a", [{"cell": 0, "line": 1, "replicated": True, "source": "class P:\n    def v(self):\n        return 1\n"},
                        "p = P()"], outputs=["p"], definitions=["P"])
        done = self.good("b", [{"cell": 3, "line": 1, "replicated": True, "source": "class P:\n    def v(self):\n        return 2\n"},
                               "print(p.v(), P().v(), isinstance(p, P))"], [("p", "a")], definitions=["P"])
        self.assertEqual(done.out, "1 2 False\n")

    def test_definition_redefined_later_in_the_reader(self):
        """The instance keeps the class it was made with, as in the notebook."""
        for one, two, show in (("class P:\n    def v(self):\n        return 1\n", "class P:\n    def v(self):\n        return 2\n",
                                "print(p.v(), P().v(), isinstance(p, P))"),
                               ("class P:\n    v = 1\n", "class P:\n    v = 2\n", "print(p.v, P().v, isinstance(p, P))"),
                               ("class P:\n    v = 1\n", "class P:\n    v = 1\n    # as before\n", "print(p.v, P.v)")):
            self.good("a", [{"cell": 0, "line": 1, "replicated": True, "source": one}, "p = P()"], outputs=["p"], definitions=["P"])
            done = self.good("b", [two, show], [("p", "a")], definitions=["P"])
            self.assertEqual(done.out, self.straight([one, "p = P()", two, show]))

    def test_a_class_that_changed_goes_along_with_its_instances(self):
        """Nobody else knows what became of it; a step that asks for the class by name is refused before (UndeclaredChange)."""
        one = {"cell": 0, "line": 1, "replicated": True, "source": "class P:\n    n = 0\n    kinds = []\n"}
        self.good("a", [one, "p = P()\nP.n += 1"], outputs=["p"], definitions=["P"])
        done = self.good("b", [one, "print(p.n, type(p).__name__, type(p).kinds)"], [("p", "a")], definitions=["P"])
        self.assertEqual(done.out, "1 P []\n")

    def test_output_wins_over_replicated(self):
        self.good("a", [{"cell": 0, "line": 1, "replicated": True, "source": "def norm(x):\n    return x"},
                        "def norm(x):\n    return x * 2"], outputs=["norm"], definitions=["norm"])
        done = self.good("b", [{"cell": 0, "line": 1, "replicated": True, "source": "def norm(x):\n    return x"},
                               "print(norm(3))"], [("norm", "a")])
        self.assertEqual(done.out, "6\n")

    def test_class_state_travels_with_a_data_output(self):
        self.keeps(["class C:\n    count = 0\n    def __init__(self):\n        C.count += 1\nc = C()", "d = C()", "print(C.count, type(c) is C, type(d) is C)"],
                   ["C", "c", "d"])


class Classes(StepCase):
    def test_made_at_run_time(self):
        self.keeps(["def make(base):\n    class A(base):\n        tag = 'x'\n        def __init__(self, v):\n            super().__init__()\n            self.v = v\n        @property\n        def double(self):\n            return self.v * 2\n        def __len__(self):\n            return 3\n    return A\nA = make(dict)\na = A(4)",
                    "a['k'] = 1", "print(a.double, len(a), type(a) is A, isinstance(a, dict), a['k'], A.__qualname__)"], ["A", "a"])

    def test_class_identity_over_branches(self):
        """Instances that came over different steps are still of one class."""
        self.good("a", ["def make():\n    class A: pass\n    return A\nx = make()()\ny = x.__class__()"], outputs=["x", "y"])
        self.good("b", ["x.v = 1"], [("x", "a")], ["x"])
        self.good("c", ["y.v = 2"], [("y", "a")], ["y"])
        done = self.good("d", ["print(type(x) is type(y), x.v, y.v)"], [("x", "b"), ("y", "c")])
        self.assertEqual(done.out, "True 1 2\n")

    def test_namedtuple_enum_dataclass(self):
        self.keeps(["from collections import namedtuple\nimport enum, dataclasses, typing\nPoint = namedtuple('Point', 'x y')\np = Point(1, 2)\n"
                    "class Colour(enum.Enum):\n    RED = 1\n    BLUE = 2\n    def low(self):\n        return self.name.lower()\nc = Colour.BLUE\n"
                    "@dataclasses.dataclass(order=True)\nclass D:\n    a: int\n    b: list = dataclasses.field(default_factory=list)\n    k: typing.ClassVar[int] = 3\nd = D(1)\n"
                    "class T(typing.NamedTuple):\n    a: int\n    b: str = 'q'\nt = T(1)\n"
                    "class F(enum.IntFlag):\n    A = 1\n    B = 2\nf = F.A | F.B",
                    "import dataclasses\nd.b.append(p)\nprint(p.x, p._replace(x=5), c.low(), c is Colour.BLUE, Colour(1), list(Colour), d, D(2) > d, dataclasses.asdict(D(3)), [f.name for f in dataclasses.fields(D)], t, t._asdict(), int(f), f == F.A | F.B)"],
                   ["Point", "p", "Colour", "c", "D", "d", "T", "t", "F", "f"])

    def test_slots_abstract_generic_metaclass(self):
        self.keeps(["import abc, typing\nK = typing.TypeVar('K')\nclass S:\n    __slots__ = ('a', 'b')\n    def __init__(self):\n        self.a = 1\ns = S()\n"
                    "class Base(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass Impl(Base):\n    def f(self):\n        return 'f'\ni = Impl()\nBase.register(int)\n"
                    "class G(typing.Generic[K]):\n    def __init__(self, v: K):\n        self.v = v\ng = G[int](3)\n"
                    "class Meta(type):\n    def __call__(cls, *a):\n        o = super().__call__(*a)\n        o.made = True\n        return o\nclass M(metaclass=Meta):\n    pass\nm = M()",
                    "s.b = 2\nprint(s.a, s.b, hasattr(s, '__dict__'), i.f(), isinstance(i, Base), isinstance(1, Base), g.v, m.made, type(type(m)).__name__)\n"
                    "try:\n    Base()\nexcept TypeError as e:\n    print('abstract')"],
                   ["S", "s", "Base", "Impl", "i", "G", "g", "Meta", "M", "m"])

    def test_exceptions_and_descriptors(self):
        self.keeps(["class E(ValueError):\n    def __init__(self, code):\n        super().__init__('code %d' % code)\n        self.code = code\n    def __reduce__(self):\n        return (E, (self.code,))\ne = E(3)\n"
                    "class D:\n    def __get__(self, o, t=None):\n        return 42\nclass H:\n    d = D()\nh = H()",
                    "print(repr(e), e.code, h.d)"], ["e", "h", "E"])


class Unserializable(StepCase):
    def refuses(self, source, name, *words):
        done = self.run_step("a", [source], outputs=[name])
        self.assertEqual(done.code, 2, done.err)
        self.assertFalse(os.path.exists(os.path.join(done.directory, "values.json")))
        error = done.result["error"]
        self.assertEqual((error["type"], error["name"], error["cell"]), ("Unserializable", name, 0))
        told = error["message"] + " / " + error["hint"]
        for word in ("'%s'" % name, "book.ipynb, cell 0") + words:
            self.assertIn(word, told)
            self.assertIn(word, done.err.replace("\n  way out: ", " / "))

    def test_open_file(self):
        self.refuses("f = open('x.txt', 'w')", "f", "TextIOWrapper", "hand over its path")

    def test_generator_in_a_dict(self):
        self.refuses("d = {'k': [1, (i for i in range(3))]}", "d", "d['k'][1]", "generator", "make it a list")

    def test_connection_in_an_object(self):
        self.refuses("import sqlite3, types\nns = types.SimpleNamespace(db=sqlite3.connect(':memory:'))", "ns", "ns.db", "sqlite3.Connection", "connect again")

    def test_thread(self):
        self.refuses("import threading\nt = threading.Thread(target=print)", "t", "join the cells into one step")

    def test_lock_in_a_closure(self):
        self.refuses("import threading\ndef make():\n    lock = threading.Lock()\n    def f():\n        with lock:\n            return 1\n    return f\ng = make()", "g", "<closure lock>")

    def test_module_made_at_run_time(self):
        self.refuses("import types\nm = types.ModuleType('made_up')", "m", "module", "run time")

    def test_importable_module_is_fine(self):
        self.keeps(["import xml.etree.ElementTree as ET, os\nmods = [os, ET]", "print([m.__name__ for m in mods], mods[0].sep)"], ["mods"])

    def test_a_reduce_that_raises(self):
        self.refuses("class Bad:\n    def __reduce__(self):\n        raise ValueError('no way')\nb = [Bad()]", "b", "b[0]", "Bad", "no way")


@needs("numpy")
class Numpy(StepCase):
    def test_arrays_are_mapped_and_writable(self):
        """A large array lies in the file once, at a page, and the reader may write to it without changing the file."""
        made = self.good("a", ["import numpy as np\nx = np.arange(200000.)\nf = np.asfortranarray(np.ones((300, 400)))\nr = np.arange(5000.)\nr.flags.writeable = False"], outputs=["x", "f", "r"])
        group = made.group("x")
        self.assertEqual(group["buffers"][0][1], 1600000)
        self.assertEqual(group["buffers"][0][0] % 4096, 0)
        before = hashlib.sha256(open(os.path.join(made.directory, "values.bin"), "rb").read()).hexdigest()
        inputs = [{"name": n, "from": self.path("a"), "optional": False, "mutated": True} for n in ("x", "f", "r")]
        done = self.good("b", ["x[0] = 5\nx += 1\nmaps = open('/proc/self/maps').read()\nat = x.__array_interface__['data'][0]\n"
                               "line = next(l for l in maps.splitlines() if int(l.split('-')[0], 16) <= at < int(l.split('-')[1].split()[0], 16))\n"
                               "print(x[0], x[1], x.flags.writeable, f.flags.f_contiguous, f.flags.writeable, r.flags.writeable, line.endswith('values.bin'), line.split()[1])"],
                         inputs)
        self.assertEqual(done.out, "6.0 2.0 True True True False True rw-p\n")
        self.assertEqual(before, hashlib.sha256(open(os.path.join(made.directory, "values.bin"), "rb").read()).hexdigest())

    def test_views_share_their_memory(self):
        self.keeps(["import numpy as np\nx = np.zeros(10000)\nv = x[10:20]\nt = x.reshape(100, 100).T[::-1, ::2]\nd = {'v': v}",
                    "x[10] = 1\nx[199] = 4\nv[1] = 2", "import numpy as np\nt[0, 0] = 7\nprint(v[:3], x[9:13], t.sum(), x[9900], d['v'] is v, np.shares_memory(x, t))"],
                   ["x", "v", "t", "d"])

    def test_views_within_one_value(self):
        self.keeps(["import numpy as np\na = np.arange(6)\nparts = [a[:3], a[2:], a]", "parts[0][2] = 50", "print([p.tolist() for p in parts])"], ["parts"])

    def test_small_part_of_large_memory(self):
        """A slice handed over alone takes its own bytes, not its base's."""
        done = self.good("a", ["import numpy as np\nx = np.zeros(1000000)[5:50]"], outputs=["x"])
        self.assertLess(os.path.getsize(os.path.join(done.directory, "values.bin")), 10000)

    def test_kinds(self):
        self.keeps(["import numpy as np\nobj = np.array([{'a': 1}, None, 'x'], dtype=object)\nrec = np.array([(1, 2.5)], dtype=[('i', 'i4'), ('f', 'f8')])\nm = np.ma.masked_array([1, 2, 3], [0, 1, 0])\nz = np.zeros((0, 3))\ns = np.float32(0.5)\nu = np.array(['a', 'bc'])\ndt = np.array(['2020-01-01'], 'M8[D]')\nrng = np.random.default_rng(3)\nmat = np.matrix([[1, 2]])\nzero = np.array(4)",
                    "obj[0]['b'] = 2\nx = rng.random()",
                    "print(obj, rec['f'], m, z.shape, s.dtype, u, dt, x, rng.random(), mat.T, zero.shape, '%.2f' % s)"],
                   ["obj", "rec", "m", "z", "s", "u", "dt", "rng", "x", "mat", "zero"])

    def test_times_and_strided_arrays_lie_outside_the_pickle(self):
        make = ("import numpy as np\nt = np.datetime64('2024-01-01') + np.arange(40000).astype('m8[D]')\n"
                "d = np.asfortranarray(np.arange(30000).astype('m8[ns]').reshape(100, 300))\nr = t[:30000].copy()\n"
                "r.flags.writeable = False\ns = np.arange(90000.)[::3]\nb = np.arange(60000).astype('>M8[s]')[::2]")
        names = ["t", "d", "r", "s", "b"]
        done = self.good("a", [make], outputs=names)
        for name in names:
            self.assertLess(done.group(name)["pickle"][1], 1000, name)
            self.assertEqual(len(done.group(name)["buffers"]), 1, name)
        self.keeps([make, "t[1] = 'NaT'\nd[0, 1] = 5\ns[2] = 7",
                    "print([(x.dtype.str, x.shape, x.flags.writeable, x.ravel()[:4], x.ravel()[-1]) "
                    "for x in (t, d, r, s, b)], d.flags.f_contiguous)"], names)
        self.keeps(["import numpy as np\nt = np.arange(20000).astype('M8[s]')\nv = t[::2]\nw = t.view('i8')",
                    "t[2] = 7", "print(v[:3], w[:3])"], ["t", "v", "w"])

    def test_digest_of_large_buffers(self):
        """Any one byte makes another digest; the same content the same."""
        source = "import numpy as np\nx = np.zeros(3000000)\n%s"
        digests = [self.good("s%d" % i, [source % more], outputs=["x"]).group("x")["sha256"] for i, more in
                   enumerate(["", "", "x[-1] = 5e-324", "x[1234567] = 1"])]
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(len(set(digests)), 3)

    def test_gmac_against_another_implementation(self):
        """The tag of a large buffer is AES-GMAC, computed here bit by bit as NIST SP 800-38D writes it."""
        done = self.good("a", ["import numpy as np\nx = (np.arange(2000000) %% 251).astype('u1')\ny = np.zeros(8 << 20, 'u1')\nd = [y, x]" .replace("%%", "%")], outputs=["d"])
        group = done.group("d")
        if group["algorithm"] != "sha256-gmac":
            self.skipTest("no libcrypto of its own")
        with open(os.path.join(done.directory, "values.bin"), "rb") as f:
            data = f.read()
        digest = hashlib.sha256(data[group["pickle"][0]:sum(group["pickle"])])
        for at, n in group["buffers"]:
            digest.update(gmac(data[at:at + n]))
        self.assertEqual(digest.hexdigest(), group["sha256"])

    def test_unseeded_randomness_differs_between_steps(self):
        from support import Zygote
        zygote = Zygote(self, "numpy")
        out = []
        for i in range(2):
            spec = self.spec("s%d" % i, ["import numpy as np, random\nprint(np.random.rand(), random.random())"])
            self.assertEqual(zygote.run(i, spec)["exit"], 0)
            out.append(open(self.path("log-%d" % i)).read())
        zygote.close()
        self.assertNotEqual(out[0].split()[0], out[1].split()[0])
        self.assertNotEqual(out[0].split()[1], out[1].split()[1])


def gmac(data):
    """AES-128-GMAC of `data` by the book: slow arithmetic in GF(2^128) over AES blocks from openssl's command line."""
    import subprocess

    def aes(block):
        p = subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", b"chard.hand-over.".hex()], input=block,
                           stdout=subprocess.PIPE, check=True)
        return int.from_bytes(p.stdout, "big")
    h = aes(bytes(16))
    table = []                      # table[k][byte]: (byte at place k) * h
    power = [h]
    for _ in range(127):
        x = power[-1]
        power.append(x >> 1 ^ (0xE1 << 120 if x & 1 else 0))
    for k in range(16):
        row = [0] * 256
        for byte in range(256):
            for bit in range(8):
                if byte >> (7 - bit) & 1:
                    row[byte] ^= power[8 * k + bit]
        table.append(row)

    def times(x):
        total = 0
        for k, byte in enumerate(x.to_bytes(16, "big")):
            total ^= table[k][byte]
        return total
    y = 0
    padded = data + bytes(-len(data) % 16)
    for i in range(0, len(padded), 16):
        y = times(y ^ int.from_bytes(padded[i:i + 16], "big"))
    y = times(y ^ (len(data) * 8 << 64))
    return (y ^ aes(b"values.bin.1" + b"\0\0\0\1")).to_bytes(16, "big")


@needs("numpy", "pandas")
class Pandas(StepCase):
    def test_frames(self):
        self.keeps(["import pandas as pd, numpy as np\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': list('xyz'), 'c': pd.Categorical(['u', 'v', 'u']), 'd': pd.to_datetime(['2020-01-01', None, '2021-05-05']), 'e': [1.5, np.nan, 2]}, index=[5, 6, 7])\ndf.attrs['k'] = 1\ns = df.groupby('c', observed=True)['a'].sum()\nm = df.set_index(['a', 'b'])",
                    "df['f'] = df['a'] * 2\ndf.loc[5, 'e'] = 9.0", "print(df, df.dtypes, df.attrs, s, m.index, sep='\\n')"], ["df", "s", "m"])

    def test_column_taken_out(self):
        """Whatever the installed pandas says about a column and its frame, it says in the pipeline too."""
        self.keeps(["import pandas as pd, numpy as np, warnings\nwarnings.simplefilter('ignore')\ndf = pd.DataFrame({'a': np.zeros(5000), 'b': np.ones(5000)})\ns = df['a']\nsub = df.iloc[:10]",
                    "import warnings\nwarnings.simplefilter('ignore')\ns.iloc[0] = 5\ndf.loc[1, 'a'] = 7\nsub.iloc[2, 0] = 3", "print(df['a'].iloc[:4].tolist(), s.iloc[:4].tolist(), sub['a'].iloc[:4].tolist())"], ["df", "s", "sub"])

    def test_copy_on_write_survives_with_shared_memory(self):
        """A frame over an array, a column of it, its index made from a column: who sees whose changes stays the same."""
        self.keeps(["import pandas as pd, numpy as np, warnings\nwarnings.simplefilter('ignore')\na = np.zeros((5000, 2))\ndf = pd.DataFrame(a, columns=['x', 'y'], copy=False)\n"
                    "s = df['x']\nd2 = df[:]\ni = df.set_index('y')\nidx = i.index",
                    "import warnings\nwarnings.simplefilter('ignore')\na[1, 0] = 1\ns.iloc[2] = 2\na[3, 0] = 3\nd2.iloc[4, 0] = 4\na[4, 1] = 9",
                    "df.iloc[5, 0] = 5\na[6, 0] = 6\nprint(*[v[:8].tolist() for v in (a[:, 0], df['x'].values, s.values, d2['x'].values, i['x'].values, idx)], sep='\\n')"],
                   ["a", "df", "s", "d2", "i", "idx"])

    def test_frame_over_an_array(self):
        self.keeps(["import pandas as pd, numpy as np\na = np.zeros((5000, 2))\ndf = pd.DataFrame(a, columns=['x', 'y'], copy=False)\nv = df['x'].values",
                    "a[0, 0] = 4", "print(df.iloc[0, 0], a[0, 0], v[0], v.flags.writeable)"], ["a", "df", "v"])

    def test_large_frame_is_mapped(self):
        done = self.good("a", ["import pandas as pd, numpy as np\ndf = pd.DataFrame(np.random.rand(50000, 3), columns=list('abc'))\ndf['n'] = range(50000)"], outputs=["df"])
        group = done.group("df")
        self.assertGreaterEqual(sum(n for _, n in group["buffers"]), 50000 * 4 * 8)
        self.assertLess(group["pickle"][1], 10000)
        self.assertEqual(done.values["values"]["df"]["columns"], ["a", "b", "c", "n"])
        self.assertEqual(done.values["values"]["df"]["shape"], [50000, 4])


@needs("numpy", "scipy", "sklearn")
class Science(StepCase):
    def test_sparse_and_estimators(self):
        self.keeps(["import numpy as np, scipy.sparse as sp\nfrom sklearn.datasets import load_iris\nfrom sklearn.ensemble import RandomForestClassifier\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler, FunctionTransformer\nX, y = load_iris(return_X_y=True)\nm = sp.random(50, 50, 0.1, random_state=0, format='csr')\nclf = make_pipeline(FunctionTransformer(lambda a: a * 2), StandardScaler(), RandomForestClassifier(20, random_state=0))",
                    "clf.fit(X, y);", "m2 = m @ m.T", "print(clf.predict(X).sum(), clf.score(X, y), m2.sum(), m2.format, len(repr(clf)))"], ["X", "y", "m", "clf", "m2"])


@needs("numpy", "lightgbm")
class LightGBM(StepCase):
    def test_datasets(self):
        """A Dataset does not pickle once it was trained on; nothing of it may be lost all the same."""
        make = ("import numpy as np, lightgbm as lgb\nrng = np.random.default_rng(0)\nX = rng.random((200, 3))\n"
                "y = (X.sum(axis=1) > 1.5).astype(int)\np = {'objective': 'binary', 'verbose': -1, 'num_threads': 1, 'seed': 1}\n"
                "d = lgb.Dataset(X, y, weight=X[:, 0] + 1, feature_name=list('abc'))\nv = lgb.Dataset(X[:50], y[:50], reference=d)\n"
                "r = lgb.Dataset(X, y, free_raw_data=False)\nboth = [d, d]")
        train = "import lightgbm as lgb\nb = lgb.train(p, d, 4, valid_sets=[v])\nb2 = lgb.train(p, r, 4)\ns = r.subset([1, 2, 3]).construct()"
        again = ("import lightgbm as lgb\nb3 = lgb.train(p, d, 4)\nb4 = lgb.train(dict(p, max_depth=2), r, 3)\n"
                 "print(both[0] is d, both[1] is d, v.reference is d, d.num_data(), d.feature_name, d.get_weight().tolist()[:3])")
        self.keeps([make, train, again, "print(b.predict(X).tolist() == b3.predict(X).tolist(), b2.predict(X).tolist()[:5],"
                    " b4.predict(X).tolist()[:5], d.get_label().tolist()[:9], s.num_data(), r.data.shape)"],
                   ["X", "y", "p", "d", "v", "r", "both", "b", "b2", "b3", "b4", "s"])


@needs("numpy", "xgboost")
class XGBoost(StepCase):
    def test_matrices(self):
        """A DMatrix does not pickle; nothing of it may be lost all the same."""
        make = ("import numpy as np, pandas as pd, xgboost as xgb\nrng = np.random.default_rng(0)\nX = rng.random((40, 3))\n"
                "X[0, 0] = np.nan\nf = pd.DataFrame({'a': X[:, 0], 'b': pd.Categorical(list('xyzx') * 10)})\n"
                "d = xgb.DMatrix(X, label=X[:, 1], weight=X[:, 2], feature_names=list('abc'))\nd.note = 'mine'\n"
                "c = xgb.DMatrix(f, label=X[:, 1] > 0.5, enable_categorical=True)\n"
                "r = xgb.DMatrix(np.nan_to_num(X), label=rng.integers(0, 3, 40), group=[10, 30], missing=0.0)\n"
                "both = [d, d]")
        show = ("for m in (d, c, r):\n    print(m.num_nonmissing(), m.feature_names, m.feature_types, m.missing,"
                " m.get_label().tolist(), m.get_weight().tolist(), m.get_group(), m.get_data().toarray().tolist())\n"
                "print(both[0] is d, both[1] is d, d.note)")
        train = ("import xgboost as xgb\nb = xgb.train({'max_depth': 2}, d, 4)\nb2 = xgb.train({'objective': 'binary:logistic'}, c, 4)\n"
                 "b3 = xgb.train({'objective': 'rank:ndcg'}, r, 4)")
        self.keeps([make, show, train, "print(b.predict(d).tolist(), b2.predict(c).tolist(), b3.predict(r).tolist())"],
                   ["d", "c", "r", "both", "b", "b2", "b3"])

    def test_a_matrix_that_has_lost_its_data(self):
        done = self.run_step("a", ["import numpy as np, xgboost as xgb\nq = xgb.QuantileDMatrix(np.ones((4, 2)))"], outputs=["q"])
        self.assertEqual(done.result["error"]["type"], "Unserializable")
        self.assertIn("hand over the arrays", done.result["error"]["hint"])
