"""A step from its specification to its result directory: order, outputs, errors, and what a cell may do to its process.
SPDX-License-Identifier: Apache-2.0
"""
import base64
import json
import os
import resource
import signal
import subprocess
import sys
import time
import unittest

from support import STEP, StepCase, needs


class Order(StepCase):
    def test_parameters_replicated_inputs(self):
        """Parameters are there for defaults of replicated functions, and an input wins over both."""
        self.good("a", ["N = 10"], outputs=["N"])
        replicated = {"cell": 0, "line": 1, "source": "def f(k=P):\n    return k", "replicated": True}
        done = self.good("b", [replicated, "print(f(), P, N)"], [("N", "a")], parameters={"P": 5, "N": 3})
        self.assertEqual(done.out, "5 5 10\n")

    def test_parameter_types(self):
        values = {"s": "it's \"q\" \\n ö", "i": -3, "f": 1e-300, "b": True, "n": None, "l": [1, [2]], "d": {"k": [1]}}
        done = self.good("a", ["import json\nprint(json.dumps([s, i, f, b, n, l, d]), type(b), type(i))"], parameters=values)
        self.assertEqual(json.loads(done.out.split(" <")[0]), list(values.values()))
        self.assertIn("<class 'bool'> <class 'int'>", done.out)

    def test_replicated_shows_nothing(self):
        done = self.good("a", [{"cell": 0, "line": 1, "source": "print('loud')\n1 + 1", "replicated": True}, "2"])
        self.assertEqual([c["metadata"]["chard"]["cell"] for c in done.json("outputs.ipynb")["cells"]], [1])
        self.assertEqual(done.outputs(1)[0]["data"], {"text/plain": "2"})

    def test_segments_of_a_cell_are_one_cell(self):
        segments = [{"cell": 4, "line": 1, "source": "a = 1\na", "replicated": False},
                    {"cell": 4, "line": 4, "source": "a + 1", "replicated": False}]
        done = self.good("a", segments)
        cells = done.json("outputs.ipynb")["cells"]
        self.assertEqual(len(cells), 1)
        self.assertEqual([o["data"]["text/plain"] for o in cells[0]["outputs"]], ["2"])

    def test_main_and_paths(self):
        with open(os.path.join(self.book, "beside.py"), "w") as f:
            f.write("VALUE = 6\n")
        done = self.good("a", ["import sys, os, beside, __main__\nx = 3\nprint(__name__, __main__.x, sys.modules['__main__'].x, beside.VALUE, os.path.basename(os.getcwd()), os.path.basename(sys.path[0]), '__file__' in globals())"])
        self.assertEqual(done.out, "__main__ 3 3 6 book book False\n")

    def test_users_own_pickles_resolve_main(self):
        done = self.good("a", ["import pickle\nclass C:\n    v = 1\nprint(pickle.loads(pickle.dumps(C())).v)"])
        self.assertEqual(done.out, "1\n")

    def test_future_import_lasts(self):
        done = self.good("a", ["from __future__ import annotations", "def f(x: nowhere): pass\nprint(f.__annotations__)"])
        self.assertEqual(done.out, "{'x': 'nowhere'}\n")

    def test_top_level_await(self):
        done = self.good("a", ["import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 4\nt = asyncio.ensure_future(f()) if False else None\nx = await f()", "await f()"], outputs=["x"])
        self.assertEqual(done.outputs(1)[0]["data"]["text/plain"], "4")

    def test_getsource_and_lines(self):
        segment = {"cell": 3, "line": 5, "source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), f.__code__.co_firstlineno, f.__code__.co_filename)", "replicated": False}
        self.assertEqual(self.good("a", [segment]).out, "def f():\n    return 1\n 6 book.ipynb, cell 3\n")

    def test_metrics(self):
        done = self.good("a", ["acc = 0.5\nn = 3\nbad = 'x'\nnan = float('nan')"], metrics=["acc", "n", "bad", "nan", "none"])
        self.assertEqual(done.json("metrics.json"), {"acc": 0.5, "n": 3, "bad": None, "nan": None})
        self.assertEqual(len(done.result["notes"]), 3)

    def test_environment_variables(self):
        done = self.good("a", ["import os\nprint(os.environ['TOKEN'], os.environ['MPLBACKEND'])"], env={"TOKEN": "t=1"})
        self.assertEqual(done.out, "t=1 agg\n")

    def test_result_is_replaced(self):
        """A retry takes the place of what an earlier attempt left, and leaves nothing beside it."""
        self.run_step("a", ["1/0"])
        self.good("a", ["x = 1"], outputs=["x"])
        self.assertEqual(sorted(os.listdir(self.dir)), ["a", "a.spec.json", "book"])

    def test_which_cell_bound_it(self):
        done = self.good("a", ["x = [1]", "y = 2", "x = [3]"], outputs=["x", "y"])
        self.assertEqual({k: v["cell"] for k, v in done.values["values"].items()}, {"x": 2, "y": 1})


class HiddenState(StepCase):
    def test_random(self):
        self.good("a", ["import random\nrandom.seed(3)\nrandom.random()"], outputs=["%random"])
        done = self.good("b", ["import random\nprint(random.random())"], [("%random", "a")])
        self.assertEqual(done.out, self.straight(["import random\nrandom.seed(3)\nrandom.random()", "print(random.random())"]))

    @needs("numpy", "pandas", "matplotlib")
    def test_libraries(self):
        source = ("import numpy as np, pandas as pd, matplotlib as mpl, decimal, os, warnings\nnp.random.seed(1)\nnp.random.rand(3)\npd.set_option('display.max_rows', 7)\n"
                  "mpl.rcParams['lines.linewidth'] = 9\nnp.set_printoptions(precision=2)\ndecimal.getcontext().prec = 5\nos.environ['Q'] = '1'\nwarnings.simplefilter('error')\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')")
        asks = ("import numpy as np, pandas as pd, matplotlib as mpl, decimal, os, warnings\nprint(np.random.rand(), pd.get_option('display.max_rows'), mpl.rcParams['lines.linewidth'], "
                "np.array([1/3]), decimal.Decimal(1) / 3, os.environ['Q'], warnings.filters[0][0], os.path.basename(os.getcwd()))")
        names = ["%numpy.random", "%pandas.options", "%matplotlib.rcParams", "%numpy.printoptions", "%decimal", "%environ", "%warnings", "%cwd", "%torch"]
        first = self.good("a", [source], outputs=names)
        self.assertEqual(first.values["unbound"], ["%torch"])
        done = self.good("b", [asks], [(n, "a") for n in names])
        self.assertEqual(done.out, self.straight([source, asks]))

    def test_environ_holds_only_what_changed(self):
        """The environment's own variables, tokens among them, are not written to disk."""
        done = self.good("a", ["import os\nos.environ['NEW'] = 'v'\ndel os.environ['GONE']"], outputs=["%environ"], env={"TOKEN": "hushhush", "GONE": "1"})
        with open(os.path.join(done.directory, "values.bin"), "rb") as f:
            data = f.read()
        self.assertIn(b"NEW", data)
        self.assertNotIn(b"hushhush", data)


class Shown(StepCase):
    def test_last_expression(self):
        done = self.good("a", ["1", "x = 1;\nx;", "x  # comment ;", "'a;b'", "None", "print('p')\n[1,\n 2]"])
        plain = [[o.get("data", {}).get("text/plain") or o.get("text") for o in done.outputs(i)] for i in range(6)]
        self.assertEqual(plain, [["1"], [], ["1"], ["'a;b'"], [], ["p\n", "[1, 2]"]])
        self.assertEqual(done.outputs(0)[0]["output_type"], "execute_result")

    def test_underscores(self):
        done = self.good("a", ["41", "_ + 1", "print(_, __, Out[1], In[2])"])
        self.assertEqual(done.out, "41\n42\n42 41 41 _ + 1\n")

    def test_streams_in_order(self):
        done = self.good("a", ["import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='')\nsys.stdout.buffer.write(b'd')\n;"[:-2]])
        self.assertEqual([(o.get("name"), o.get("text")) for o in done.outputs(0)], [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "cd"), (None, None)])

    def test_mime_bundles(self):
        source = ("class R:\n    def _repr_html_(self): return '<b>h</b>'\n    def _repr_png_(self): return b'PNG'\n    def _repr_svg_(self): return '<svg/>'\n    def _repr_json_(self): return {'a': float('nan')}\n    def __repr__(self): return 'R!'\nR()")
        bundle = "class B:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n        return {'text/markdown': '*m*', 'text/plain': 'B'}, {'text/markdown': {'k': 1}}\nB()"
        broken = "class X:\n    def _repr_html_(self): raise KeyError('oops')\n    def __repr__(self): return 'X'\nX()"
        own = "class O:\n    def _ipython_display_(self): print('by itself')\nO()"
        done = self.good("a", [source, bundle, broken, own])
        self.assertEqual(done.outputs(0)[0]["data"], {"text/html": "<b>h</b>", "image/png": base64.b64encode(b"PNG").decode(),
                                                      "image/svg+xml": "<svg/>", "application/json": {"a": None}, "text/plain": "R!"})
        self.assertEqual(done.outputs(1)[0]["metadata"], {"text/markdown": {"k": 1}})
        self.assertIn("KeyError", done.text(2, "stderr"))
        self.assertEqual(done.outputs(2)[-1]["data"], {"text/plain": "X"})
        self.assertEqual(done.text(3), "by itself\n")

    def test_display_and_updates(self):
        done = self.good("a", ["h = display('one', display_id='k')\nprint('between')", "h.update('two')\ndisplay({'text/html': '<i>'}, raw=True)\ndisplay(1, 2)"])
        self.assertEqual(done.outputs(0)[0]["data"]["text/plain"], "'two'")
        self.assertEqual([o["data"] for o in done.outputs(1)], [{"text/html": "<i>"}, {"text/plain": "1"}, {"text/plain": "2"}])

    def test_layout_of_containers(self):
        """As IPython lays them out (its own output, seen once)."""
        done = self.good("a", ["{'key%d' % i: list(range(8)) for i in range(4)}", "{3, 1, 2}", "(1,)", "int", "frozenset({1})"])
        self.assertEqual(done.outputs(0)[0]["data"]["text/plain"],
                         "{'key0': [0, 1, 2, 3, 4, 5, 6, 7],\n 'key1': [0, 1, 2, 3, 4, 5, 6, 7],\n 'key2': [0, 1, 2, 3, 4, 5, 6, 7],\n 'key3': [0, 1, 2, 3, 4, 5, 6, 7]}")
        self.assertEqual([done.outputs(i)[0]["data"]["text/plain"] for i in range(1, 5)], ["{1, 2, 3}", "(1,)", "int", "frozenset({1})"])

    @needs("IPython")
    def test_layout_against_ipython(self):
        cases = ["{'a': 1}", "[list(range(30)), 'x' * 90]", "{1: {2: {3: list(range(40))}}}", "{'b': (1, [2]), 'a': {3}}", "set()", "[]", "((), [], {})", "[1.5, None, True, b'x']",
                 "[[['deep' * 10] * 3] * 3]", "dict", "[int, str]", "{frozenset([2, 1]): 1}", "'a\\nb'", "list(range(1001))"]
        p = subprocess.run([sys.executable, "-c", "from IPython.lib.pretty import pretty\nimport json\nprint(json.dumps([pretty(eval(c)) for c in %r]))" % cases], stdout=subprocess.PIPE, check=True)
        done = self.good("a", cases)
        for i, expected in enumerate(json.loads(p.stdout)):
            with self.subTest(case=cases[i]):
                self.assertEqual(done.outputs(i)[0]["data"]["text/plain"], expected)

    @needs("matplotlib")
    def test_figures(self):
        """Figures still open at a cell's end are shown as PNG and closed, plt.show() shows where it stands, as inline does."""
        done = self.good("a", ["import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "plt.plot([1])\nplt.show()\nprint('after')\nplt.plot([2])\nplt.title('t');",
                               "print(plt.get_fignums())", "fig, ax = plt.subplots()\nplt.close(fig)\nfig", "plt.figure()"])
        kinds = [["image/png" if "image/png" in o.get("data", {}) else o["output_type"] for o in done.outputs(i)] for i in range(5)]
        self.assertEqual(kinds[:4], [["image/png"], ["image/png", "stream", "image/png"], ["stream"], ["image/png"]])
        self.assertEqual(done.text(2), "[]\n")
        self.assertTrue(base64.b64decode(done.outputs(0)[0]["data"]["image/png"]).startswith(b"\x89PNG"))
        self.assertNotIn("non-interactive", done.err)

    @needs("IPython")
    def test_ipython_display_functions(self):
        done = self.good("a", ["from IPython.display import display, HTML, Markdown, clear_output\nfrom IPython import get_ipython as g\ndisplay(HTML('<b>x</b>'))\nprint(g() is get_ipython())", "print('gone')\nclear_output()\nprint('stays')", "print('1')\nclear_output(wait=True)\nprint('2')"])
        self.assertEqual(done.outputs(0)[0]["data"]["text/html"], "<b>x</b>")
        self.assertEqual((done.text(0), done.text(1), done.text(2)), ("True\n", "stays\n", "2\n"))

    @unittest.skipIf(__import__("importlib.util").util.find_spec("IPython"), "IPython is installed")
    def test_without_ipython(self):
        done = self.good("a", ["from IPython.display import display, HTML, Image, SVG, clear_output\nimport IPython\ndisplay(HTML('<b>x</b>'), Image(data=b'\\x89PNG'))\nprint(IPython.get_ipython() is get_ipython())"])
        self.assertEqual(done.outputs(0)[0]["data"]["text/html"], "<b>x</b>")
        self.assertEqual(done.outputs(1 - 1)[1]["data"]["image/png"], base64.b64encode(b"\x89PNG").decode())
        self.assertEqual(self.run_step("b", ["from IPython.lib import pretty"]).code, 1)

    def test_progress_bars(self):
        done = self.good("a", ["for i in range(3):\n    print('\\r%d%%' % i, end='')\nprint()"])
        self.assertEqual(done.text(0), "2%\n")


class Errors(StepCase):
    def test_traceback_in_notebook_terms(self):
        cells = [{"cell": 2, "line": 1, "source": "def f(x):\n    return 1 / x", "replicated": True}, {"cell": 7, "line": 3, "source": "y = 0\nf(y)", "replicated": False}]
        done = self.run_step("a", cells)
        self.assertEqual(done.code, 1)
        self.assertIn("book.ipynb, cell 7, line 4\n    f(y)", done.err)
        self.assertIn("book.ipynb, cell 2, line 2, in f\n    return 1 / x", done.err)
        self.assertNotIn("step.py", done.err)
        error = done.result["error"]
        self.assertEqual((error["type"], error["message"], error["cell"], error["line"]), ("ZeroDivisionError", "division by zero", 7, 4))
        self.assertEqual([(f["cell"], f["line"]) for f in error["frames"]], [(7, 4), (2, 2)])
        self.assertEqual(done.outputs(7)[-1]["ename"], "ZeroDivisionError")
        self.assertFalse(os.path.exists(os.path.join(done.directory, "values.json")))

    def test_what_was_shown_before_is_kept(self):
        done = self.run_step("a", ["print('one')", "print('two')\nraise ValueError('x')", "print('never')"])
        self.assertEqual((done.text(0), done.text(1)), ("one\n", "two\n"))
        self.assertEqual(len(done.json("outputs.ipynb")["cells"]), 2)

    def test_chained_and_groups(self):
        done = self.run_step("a", ["try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('outer') from e"])
        self.assertIn("KeyError: 'k'", done.err)
        self.assertIn("direct cause", done.err)
        self.assertEqual(done.err.count("book.ipynb, cell 0, line"), 2)

    def test_syntax_error(self):
        done = self.run_step("a", [{"cell": 5, "line": 3, "source": "x = 1\nx = = 2", "replicated": False}])
        self.assertEqual((done.code, done.result["error"]["type"], done.result["error"]["line"]), (1, "SyntaxError", 4))
        self.assertIn("cell 5, line 4", done.err)

    def test_sys_exit_ends_the_notebook(self):
        for call in ("import sys; sys.exit()", "import sys; sys.exit(0)", "exit()", "raise SystemExit('bye')"):
            with self.subTest(call=call):
                done = self.run_step("a", [call])
                self.assertEqual((done.code, done.result["error"]["type"]), (1, "SystemExit"))
                self.assertIn("if", done.result["error"]["hint"])

    def test_keyboard_interrupt(self):
        done = self.run_step("a", ["import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(5)"])
        self.assertEqual((done.code, done.result["error"]["type"]), (1, "KeyboardInterrupt"))

    def test_recursion(self):
        done = self.run_step("a", ["def f(n):\n    return f(n + 1)\nf(0)"])
        self.assertEqual((done.code, done.result["error"]["type"]), (1, "RecursionError"))

    def test_exception_that_cant_be_shown(self):
        done = self.run_step("a", ["class E(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise E"])
        self.assertEqual((done.code, done.result["error"]["type"]), (1, "E"))

    def test_replicated_fails(self):
        done = self.run_step("a", [{"cell": 1, "line": 1, "source": "import no_such_module_here", "replicated": True}, "1"])
        self.assertEqual((done.code, done.result["error"]["type"], done.result["error"]["cell"]), (1, "ModuleNotFoundError", 1))

    def test_bad_specifications(self):
        for text in ("", "[]", '{"version": 2}', '{"version": 1, "result": "/nowhere/x"}'):
            path = self.path("bad.json")
            with open(path, "w") as f:
                f.write(text)
            p = self.harness("run", path)
            self.assertEqual(p.returncode, 3, (text, p.stderr))
            self.assertIn(b"chard: ", p.stderr)
            self.assertNotIn(b"Traceback", p.stderr)
        self.assertEqual(self.harness("run", self.path("none.json")).returncode, 3)

    def test_missing_input(self):
        done = self.run_step("b", ["x"], [("x", "nowhere")])
        self.assertEqual(done.code, 3)
        self.assertIn("nowhere", done.err)

    def test_truncated_input(self):
        """A values.bin shorter than it should be is told, not read."""
        made = self.good("a", ["x = bytes(100000)"], outputs=["x"])
        os.truncate(os.path.join(made.directory, "values.bin"), 5000)
        self.assertEqual(self.run_step("b", ["x"], [("x", "a")]).code, 3)

    def test_usage(self):
        self.assertEqual(self.harness("dance").returncode, 3)


class Robust(StepCase):
    def test_os_exit_leaves_no_result(self):
        done = self.run_step("a", ["import os\nprint('x')\nos._exit(0)"], outputs=["y"])
        self.assertEqual(done.code, 0)
        self.assertFalse(os.path.exists(done.directory))

    def test_closed_stdout(self):
        done = self.good("a", ["import sys, os\nprint('1')\nsys.stdout.close()\nprint('2')", "os.close(1)\nprint('3')", "x = 1"], outputs=["x"])
        self.assertEqual(done.text(0) + done.text(1), "1\n2\n3\n")
        self.assertEqual(done.out, "1\n2\n3\n")

    def test_all_descriptors_closed(self):
        self.good("a", ["import os\nos.closerange(0, 3)\nprint('x')\nx = 5"], outputs=["x"])
        self.assertEqual(self.good("b", ["print(x)"], [("x", "a")]).out, "5\n")

    def test_chdir_and_removed_directory(self):
        done = self.good("a", ["import os, tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)\nx = 1"], outputs=["x"])
        self.assertEqual(done.values["values"]["x"]["head"], "1")

    def test_floods_are_bounded(self):
        """100 MB of prints: the notebook keeps the head and the tail, the log stops at its limit."""
        began = time.monotonic()
        done = self.good("a", ["print('first')\nfor i in range(1000):\n    print('x' * 100000)\nprint('last')"], log_limit=1 << 20,
                         preexec_fn=self.log_to("flood.log"))
        self.assertLess(time.monotonic() - began, 20)
        size = os.path.getsize(self.path("flood.log"))
        self.assertTrue(1 << 20 <= size < (1 << 20) + 200, size)
        self.assertLess(os.path.getsize(os.path.join(done.directory, "outputs.ipynb")), 3 << 20)
        text = done.text(0)
        self.assertTrue(text.startswith("first\n") and text.endswith("last\n"))
        self.assertIn("characters are left out here", text)

    def log_to(self, name):
        path = self.path(name)

        def prepare():
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
        return prepare

    def test_full_disk(self):
        """No room for the values: a clear message, status 3, and nothing half-written is left."""
        def small():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        for source in ("x = b'q' * (8 << 20)", "import array\nx = bytearray(8 << 20)"):
            done = self.run_step("a", [source], outputs=["x"], preexec_fn=small)
            self.assertEqual(done.code, 3)
            self.assertIn("can't be written", done.err)
            self.assertEqual(sorted(os.listdir(done.directory)), ["outputs.ipynb", "result.json"])
            self.assertEqual(done.result["error"]["type"], "Environment")
        self.assertEqual([n for n in os.listdir(self.dir) if "tmp" in n], [])

    @unittest.skipUnless(os.getuid() == 0, "mounts need root")
    def test_full_disk_for_real(self):
        target = self.path("small")
        os.mkdir(target)
        if subprocess.call(["mount", "-t", "tmpfs", "-o", "size=1m", "none", target], stderr=subprocess.DEVNULL):
            self.skipTest("can't mount a tmpfs")
        self.addCleanup(subprocess.call, ["umount", target])
        spec = self.spec("a", ["print('shown')\nx = bytearray(8 << 20)"], outputs=["x"], result=os.path.join(target, "a"))
        p = self.harness("run", spec)
        self.assertEqual(p.returncode, 3)
        self.assertIn(b"No space left on device", p.stderr)
        self.assertEqual(sorted(os.listdir(target)), ["a"])
        self.assertNotIn("values.json", os.listdir(os.path.join(target, "a")))

    def test_unwritable_place(self):
        with open(self.path("file"), "w"):
            pass
        p = self.harness("run", self.spec("a", ["1"], result=self.path("file", "a")))
        self.assertEqual(p.returncode, 3)
        self.assertNotIn(b"Traceback", p.stderr)

    def test_sigterm_keeps_what_was_shown(self):
        spec = self.spec("a", ["import time\ntry:\n    print('begun', flush=True)\n    time.sleep(60)\nfinally:\n    print('tidied')"])
        p = subprocess.Popen([sys.executable, STEP, "run", spec], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b"begun\n")
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=10)
        self.assertEqual(p.returncode, 1)
        with open(self.path("a", "result.json")) as f:
            self.assertEqual(json.load(f)["error"]["type"], "Canceled")
        self.assertIn(b"tidied", out)

    def test_unflushed_files_reach_the_disk(self):
        self.good("a", ["f = open('out.txt', 'w')\nf.write('held back')\ng = open('out.bin', 'wb')\ng.write(b'bytes');"])
        with open(os.path.join(self.book, "out.txt")) as f:
            self.assertEqual(f.read(), "held back")
        self.assertEqual(os.path.getsize(os.path.join(self.book, "out.bin")), 5)

    def test_exit_functions_run(self):
        done = self.good("a", ["import atexit\natexit.register(print, 'bye')"])
        self.assertIn("bye\n", done.out)

    def test_forks_and_pools(self):
        done = self.good("a", ["import os, multiprocessing as mp\nprint('before')\ndef f(x):\n    return x * x\nwith mp.get_context('fork').Pool(2) as p:\n    print(p.map(f, [1, 2, 3]))\npool = mp.get_context('fork').Pool(2)\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0);"])
        self.assertEqual(done.out, "before\n[1, 4, 9]\n")

    def test_names_of_harness_are_not_seen(self):
        done = self.good("a", ["print(sorted(n for n in globals() if not n.startswith('__')))\nimport sys\nprint([m for m in sys.modules if m == 'step'])"])
        self.assertEqual(done.out, "['In', 'Out', '_', '_dh', '_i', '_ih', '_oh', 'exit', 'get_ipython', 'quit']\n[]\n")

    def test_hostile_builtins(self):
        """A notebook that calls its variables open, print, json or list."""
        self.good("a", ["open = print = json = list = len = id = None\nx = 4"], outputs=["x"])

    def test_spec_of_many_cells(self):
        done = self.good("a", ["x%d = %d" % (i, i) for i in range(2000)], outputs=["x1999"])
        self.assertLess(done.result["seconds"], 5)


class Mutations(StepCase):
    """An input that the plan takes for unchanged and that did change is told."""

    def mutated(self, made, names, source, skip=()):
        self.good("a", [made], outputs=names)
        inputs = [{"name": n, "from": self.path("a"), "optional": False, "mutated": n in skip} for n in names]
        done = self.good("b", [source], inputs)
        return [m["name"] for m in done.result["mutated"]], done.result

    def test_list(self):
        self.assertEqual(self.mutated("x = [1, [2]]\ny = {'k': 1}", ["x", "y"], "x[1].append(3)")[0], ["x"])

    def test_nothing(self):
        self.assertEqual(self.mutated("x = [1, 'a' * 50, 'a' * 50]\ny = {1: (2, 'x')}\nz = {'a', 'b'}", ["x", "y", "z"], "x[0]; y.get(1); sorted(z); q = list(x); q.append(1)")[0], [])

    def test_said_so(self):
        self.assertEqual(self.mutated("x = [1]", ["x"], "x.append(1)", skip=["x"])[0], [])

    def test_functions_that_hold_a_state(self):
        counter = "def counter():\n    n = 0\n    def count(by=[]):\n        nonlocal n\n        n += 1\n        return n\n    return count\n"
        for change in ("f()", "f.__defaults__[0].append(1)"):
            self.assertEqual(self.mutated(counter + "f = counter()\ng = counter()", ["f", "g"], change)[0], ["f"], change)
        self.assertEqual(self.mutated("def f(x=[1]):\n    return x\nfs = [f]\nf = fs[0]", ["f"], "f()")[0], [])

    def test_rebinding_is_no_mutation(self):
        self.assertEqual(self.mutated("x = [1]", ["x"], "x = x + [2]")[0], [])

    def test_cell_is_told(self):
        self.assertEqual(self.mutated("x = [1]", ["x"], "x.append(2)")[1]["mutated"], [{"name": "x", "cell": 0}])

    @needs("numpy", "pandas")
    def test_arrays_and_frames(self):
        made = "import numpy as np, pandas as pd\nx = np.zeros(100000)\ny = np.zeros(100000)\ndf = pd.DataFrame({'a': np.zeros(100000)})\nd2 = df * 2\nsmall = np.zeros(3)"
        names = ["x", "y", "df", "d2", "small"]
        self.assertEqual(self.mutated(made, names, "x[50000] = 1\ndf.iloc[7, 0] = 1\nsmall[1] = 1")[0], ["x", "df", "small"])
        self.assertEqual(self.mutated(made, names, "x.sum(); df.describe(); df['a'].mean(); d2.iloc[3, 0]; q = df.copy(); q.iloc[0, 0] = 4; z = x + 1")[0], [])

    @needs("numpy")
    def test_same_value_written(self):
        self.assertEqual(self.mutated("import numpy as np\nx = np.zeros(100000)", ["x"], "x[5] = 0")[0], [])
