"""%chard in a cell, as Jupyter's client sees it: cells with calls look like other cells, calls run beside the session,
an interrupt ends them, and nothing is left behind.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

try:
    import jupyter_client
    import nbclient
    import nbformat
except ImportError:
    nbclient = None

from session import COMMAND, Session, is_gone, needs_jupyter, wait_until


def cell(source, *tags):
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [],
            "execution_count": None}


def write_notebook(path, *cells):
    with open(path, "w") as f:
        json.dump({"cells": list(cells), "metadata": {"language_info": {"name": "python"}}, "nbformat": 4,
                   "nbformat_minor": 4}, f)


GOOD = [cell("n = 3", "pipeline-parameters"), cell("x = list(range(n))", "step:load"),
        cell("y = sum(x)", "step:total"), cell("z = max(x)", "step:most"), cell("print('RESULT=', y + z)", "step:end")]
BAD = GOOD[:3] + [cell("z = max(x)\n1/0", "step:most")] + GOOD[4:]
SLOW = "import os, time\nwith open(%r, 'w') as f:\n    f.write(str(os.getpid()))\ntime.sleep(600)\ny = sum(x)"
QUICK = "%chard check --stop-after=syntax good.ipynb"  # without asking Python what is installed


class Told:
    """What a client hears of one request."""

    def __init__(self, reply, messages):
        self.reply = reply["content"]
        self.messages = messages

    def all(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.all("stream") if c["name"] == name)


@needs_jupyter
class Magic(unittest.TestCase):
    session_name = None

    @classmethod
    def setUpClass(cls):
        cls.dir = os.path.realpath(tempfile.mkdtemp(prefix="chard-magic-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        slow = GOOD[:2] + [cell(SLOW % os.path.join(cls.dir, "started"), "step:total")] + GOOD[3:]
        for name, cells in ("good", GOOD), ("bad", BAD), ("slow", slow):
            write_notebook(os.path.join(cls.dir, name + ".ipynb"), *cells)
        before = os.getcwd()
        os.chdir(cls.dir)
        try:
            cls.start()
        finally:
            os.chdir(before)
        cls.addClassCleanup(cls.session.close)

    @classmethod
    def start(cls):
        cls.session = Session()

    def setUp(self):
        self.kc = self.session.kc

    def path(self, name):
        return os.path.join(self.dir, name)

    def ask(self, code, **more):
        return self.kc.execute(code, **more)

    def hear(self, request, channel="shell"):
        """Everything about a request, up to its idle and its reply."""
        messages, reply = [], None
        while not (messages and messages[-1]["content"].get("execution_state") == "idle"):
            m = self.kc.get_iopub_msg(timeout=60)
            if m["parent_header"].get("msg_id") == request:
                messages.append(m)
        while reply is None or reply["parent_header"].get("msg_id") != request:
            reply = getattr(self.kc, "get_%s_msg" % channel)(timeout=60)
        told = Told(reply, messages)
        if messages[0]["msg_type"] == "status":
            self.assertEqual([s["execution_state"] for s in told.all("status")], ["busy", "idle"])
            self.assertEqual(messages[0]["content"]["execution_state"], "busy")
        return told

    def run_cell(self, code, **more):
        return self.hear(self.ask(code, **more))

    def value(self, expression):
        told = self.run_cell("", silent=True, user_expressions={"v": expression})
        return told.reply["user_expressions"]["v"]["data"]["text/plain"]


class Cells(Magic):
    def test_alone_it_is_a_cell_like_others(self):
        before = int(self.value("get_ipython().execution_count"))
        told = self.run_cell(QUICK)
        self.assertEqual(told.reply["status"], "ok", told.reply)
        self.assertEqual(told.all("execute_input"), [{"code": QUICK, "execution_count": before}])
        self.assertEqual(told.reply["execution_count"], before)
        after = self.run_cell("7")
        self.assertEqual(after.reply["execution_count"], before + 1)
        self.assertEqual(self.value("In[%d]" % before), repr("get_ipython().run_line_magic('chard', %r)" % QUICK[7:]))
        self.assertEqual(self.value("Out[%d]" % (before + 1)), "7")

    def test_run_computes_what_the_notebook_does(self):
        told = self.run_cell("%chard run good.ipynb -p n=5")
        self.assertEqual(told.reply["status"], "ok", told.reply)
        self.assertRegex(told.text(), r"good\.ipynb.*: ok in .*: 4 run, 0 cached")
        last = self.run_cell("%chard runs logs --of good.ipynb latest end")
        self.assertIn("RESULT= 14", last.text())

    def test_other_lines_run_in_their_order(self):
        told = self.run_cell("a = 1\na\n%chard check --stop-after=flow bad.ipynb\nprint(a + 1)\n" + QUICK + "\nb = a + 9\nb",
                             user_expressions={"twice": "2 * b"})
        self.assertEqual(told.reply["status"], "ok", told.reply)
        self.assertEqual(told.text(), "2\n")
        self.assertEqual(len(told.all("execute_input")), 1)
        result, = told.all("execute_result")  # only of the last expression
        self.assertEqual(result["data"]["text/plain"], "10")
        self.assertEqual(result["execution_count"], told.reply["execution_count"])
        self.assertEqual(told.reply["user_expressions"]["twice"]["data"]["text/plain"], "20")
        self.assertEqual(self.value("Out[%d]" % told.reply["execution_count"]), "10")

    def test_an_error_names_the_cells_own_line(self):
        told = self.run_cell("a = 1\n" + QUICK + "\n\n1/0\nprint('not reached')")
        self.assertEqual((told.reply["status"], told.reply["ename"]), ("error", "ZeroDivisionError"))
        trace = re.sub("\x1b\\[[0-9;]*m", "", "\n".join(told.reply["traceback"]))
        self.assertIn("In[%d], line 4" % told.reply["execution_count"], trace)
        self.assertEqual(told.text(), "")
        self.assertEqual(self.run_cell("1").reply["execution_count"], told.reply["execution_count"] + 1)

    def test_a_failed_call_ends_the_cell(self):
        told = self.run_cell("%chard run bad.ipynb\nreached = True")
        self.assertEqual((told.reply["status"], told.reply["ename"]), ("error", "chard run"))
        self.assertEqual(len(told.all("error")), 1)
        self.assertEqual(self.value("'reached' in globals()"), "False")

    def test_usage_errors_say_what_was_meant(self):
        told = self.run_cell("%chard chekc good.ipynb")
        self.assertEqual(told.reply["evalue"], "unknown command 'chekc'; did you mean 'check'?")
        told = self.run_cell("%chard run 'good.ipynb")
        self.assertEqual(told.reply["evalue"], "the quote in 'good.ipynb isn't closed")

    def test_help_is_one_screen_and_of_one_command(self):
        told = self.run_cell("%chard")
        self.assertIn("Run a notebook as a pipeline on this machine", told.text())
        self.assertLess(len(told.text().splitlines()), 44)
        told = self.run_cell("%chard run?").text()
        self.assertIn("NOTEBOOK need not be named", told)
        self.assertIn("--background", told)
        self.assertIn("--only", told)

    def test_stdin_reaches_the_client_from_a_part(self):
        request = self.ask(QUICK + "\nname = input('who? ')\nprint('hello', name)", allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=60)
        self.assertEqual(question["parent_header"]["msg_id"], request)
        self.kc.input("world")
        self.assertEqual(self.hear(request).text(), "hello world\n")

    def test_waiting_cells_are_aborted_with_a_failed_one_and_only_then(self):
        requests = [self.ask("%chard run missing.ipynb"), self.ask("ran = 1"), self.ask(QUICK)]
        self.assertEqual([self.hear(r).reply["status"] for r in requests], ["error", "aborted", "aborted"])
        requests = [self.ask("%chard run missing.ipynb", stop_on_error=False), self.ask("ran = 2"),
                    self.ask(QUICK), self.ask("ran")]
        self.assertEqual([self.hear(r).reply["status"] for r in requests], ["error", "ok", "ok", "ok"])
        slow = "import os, time\nwhile not os.path.exists(%r):\n    time.sleep(.01)\n1/0" % self.path("go")
        requests = [self.ask(slow), self.ask(QUICK), self.ask("ran = 3")]
        self.kc.session.send(self.kc.control_channel.socket, self.kc.session.msg("kernel_info_request", {}))
        self.kc.get_control_msg(timeout=60)  # by now it has them all
        write_notebook(self.path("go"))
        self.assertEqual([self.hear(r).reply["status"] for r in requests], ["error", "aborted", "aborted"])
        self.assertEqual(self.value("ran"), "2")

    def test_many_in_a_row_keep_their_order(self):
        self.run_cell("seen = []")
        requests = [self.ask(("" if i % 3 else QUICK + "\n") + "seen.append(%d)" % i)
                    for i in range(12)]
        counts = [self.hear(r).reply["execution_count"] for r in requests]
        self.assertEqual(counts, list(range(counts[0], counts[0] + 12)))
        self.assertEqual(self.value("seen"), str(list(range(12))))

    def test_silent_cells_are_silent(self):
        before = self.value("get_ipython().execution_count")
        told = self.run_cell("%chard check --stop-after=flow bad.ipynb\nquiet = 1", silent=True)
        self.assertEqual([m["msg_type"] for m in told.messages], ["status", "status"])
        self.assertEqual(self.value("quiet"), "1")
        self.assertEqual(self.value("get_ipython().execution_count"), before)


def begin_slow(test, code="%chard run slow.ipynb\nreached = True"):
    """Starts a run whose second step doesn't end; the request and the step's process."""
    started = test.path("started")
    if os.path.exists(started):
        os.remove(started)
    request = test.ask(code)
    test.assertTrue(wait_until(lambda: os.path.exists(started) and os.path.getsize(started), 60))
    with open(started) as f:
        return request, int(f.read())


class Pictures(Magic):
    """With a notebook open, as a server says through JPY_SESSION_NAME."""

    @classmethod
    def start(cls):
        os.environ["JPY_SESSION_NAME"] = os.path.join(cls.dir, "good.ipynb")
        try:
            cls.session = Session()
        finally:
            del os.environ["JPY_SESSION_NAME"]

    def pictures(self, told):
        """The states that a picture went through: what was shown, as text and as HTML."""
        first, = told.all("display_data")
        shown = [first] + told.all("update_display_data")
        self.assertEqual(len({s["transient"]["display_id"] for s in shown}), 1)
        for s in shown:
            xml.etree.ElementTree.fromstring("<x>%s</x>" % s["data"]["text/html"])  # well-formed
        return [s["data"]["text/plain"] for s in shown], [s["data"]["text/html"] for s in shown]

    def test_run_shows_one_picture_to_its_end(self):
        told = self.run_cell("%chard run --no-cache")
        self.assertEqual(told.reply["status"], "ok", told.reply)
        text, html = self.pictures(told)
        self.assertRegex(text[0], r"^good\.ipynb: running, 0 of 4 steps")
        self.assertRegex(text[-1], r"^good\.ipynb: ok, 4 of 4 steps")
        self.assertEqual(text[-1].count(" done "), 4)
        self.assertIn("<svg", html[-1])
        self.assertIn("RESULT= 5", html[-1])
        self.assertEqual(told.text(), "")

    def test_a_failure_is_told_at_its_cell_and_line(self):
        told = self.run_cell("%chard run bad.ipynb")
        error = "cell 3, line 2: ZeroDivisionError: division by zero"
        text, html = self.pictures(told)
        self.assertIn(error, text[-1])
        self.assertIn(error, html[-1])
        self.assertIn("skipped", text[-1])
        self.assertEqual(told.reply["evalue"], "step most: " + error)

    def test_an_interrupted_run_says_so(self):
        request, _ = begin_slow(self)
        self.session.km.interrupt_kernel()
        text, _ = self.pictures(self.hear(request))
        self.assertRegex(text[-1], r"^slow\.ipynb: canceled")
        self.assertNotIn("being ended", text[-1])
        self.assertNotIn("running", text[-1])
        self.assertRegex(text[-1], r"(?m)^ +total +canceled")

    def test_check_is_a_table(self):
        write_notebook(self.path("odd.ipynb"), cell("x = undefined_one"), cell("y = (", "step:a"))
        told = self.run_cell("%chard check odd.ipynb --stop-after=flow")
        shown, = told.all("display_data")
        terminal = subprocess.run([os.environ["CHARD"], "check", "--stop-after=flow", "odd.ipynb"], cwd=self.dir,
                                  capture_output=True, text=True)
        heads = [line for line in terminal.stdout.splitlines() if line.startswith("odd.ipynb")]
        self.assertGreaterEqual(len(heads), 1)
        for line in heads:
            self.assertIn(line, shown["data"]["text/plain"])
        rows = xml.etree.ElementTree.fromstring("<x>%s</x>" % shown["data"]["text/html"]).findall(".//tr")
        self.assertEqual(len(rows), len(heads))
        self.assertEqual((told.reply["status"], told.reply["ename"]), ("error", "chard check"))
        self.assertEqual(told.reply["evalue"], "1 error, 1 warning")
        self.assertEqual(self.run_cell("%chard check none.ipynb").reply["evalue"], "none.ipynb: No such file or directory")

    def test_graph_is_drawn(self):
        shown, = self.run_cell("%chard graph").all("display_data")
        self.assertIn("<svg", shown["data"]["text/html"])
        self.assertEqual(shown["data"]["text/plain"], "pipeline: load total most end")
        self.assertIn("total waits for load", self.run_cell("%chard graph --why load total").text())
        told = self.run_cell("%chard graph --format=json")  # asked for a form: text
        self.assertEqual([s["name"] for s in json.loads(told.text())["steps"]], ["load", "total", "most", "end"])

    def test_no_picture_of_several_runs(self):
        told = self.run_cell("%chard run --sweep n=4,5")
        self.assertEqual((told.reply["status"], told.all("display_data")), ("ok", []), told.reply)
        self.assertRegex(told.text(), r"(?m)^4 +ok .*\n5 +ok ")

    def test_no_picture_for_a_terminal(self):
        told = self.run_cell("%chard run --format=json")
        self.assertEqual(json.loads(told.text())["status"], "ok")


class Own(Magic):
    """What only the kernel has."""

    def test_load_brings_a_value_of_a_past_run(self):
        self.run_cell("%chard run good.ipynb -p n=4")
        told = self.run_cell("%chard load load.x\nprint(x)")
        self.assertEqual((told.reply["status"], told.text()), ("ok", "x: list of 4\n[0, 1, 2, 3]\n"), told.reply)
        self.assertEqual(self.run_cell("%chard load total.y as total\ntotal").all("execute_result")[0]["data"],
                         {"text/plain": "6"})
        for line, error in (("load.nothing", "it has left x, not nothing: a step leaves what later ones read"), ("nostep.x", "the last run has no step nostep"),
                            ("x", "say which value"), ("load.x as 1x", "1x is no name"),
                            ("load.x --run 19990101", "there is no run 19990101")):
            self.assertIn(error, self.run_cell("%chard load " + line).reply["evalue"])

    def test_background_goes_on_after_its_cell(self):
        request, step = begin_slow(self, "%chard run slow.ipynb --background\nreached = True")
        told = self.hear(request)
        self.assertEqual(told.reply["status"], "ok", told.reply)
        self.assertEqual(self.value("reached"), "True")
        self.assertFalse(is_gone(step))
        self.assertEqual(self.run_cell("%chard stop").text(), "1 command was asked to end\n")
        self.assertTrue(wait_until(lambda: is_gone(step)))
        self.assertTrue(wait_until(lambda: self.run_cell("%chard stop").text().startswith("nothing")))

    def test_in_a_block_it_is_explained(self):
        told = self.run_cell("if True:\n    %chard check")
        self.assertIn("a %chard line must begin at the cell's left edge", told.reply["evalue"])


class Open(Magic):
    """Which notebook a command sees."""

    def setUp(self):
        self.session.end()
        self.file = self.path("open.ipynb")
        first, second = cell("x = 1", "step:one"), cell("print('RESULT=', x)", "step:two")
        first["id"], second["id"] = "c1", "c2"
        write_notebook(self.file, first, second)
        os.utime(self.file, (1e9, 1e9))

    def begin(self, **env):
        self.session.env.pop("JPY_SESSION_NAME", None)
        self.session.env.update(env)
        self.session.start()
        self.kc = self.session.kc
        self.run_cell("%%cd -q %s" % self.dir, store_history=False)

    def run_as(self, cell_id, tags, code, **chard):
        """As JupyterLab does, which sends the cell's metadata along."""
        content = dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False,
                       stop_on_error=True)
        message = self.kc.session.msg("execute_request", content, metadata={"cellId": cell_id, "tags": tags, **chard})
        self.kc.shell_channel.send(message)
        return self.hear(message["header"]["msg_id"])

    def steps(self, told):
        self.assertEqual(told.reply["status"], "ok", told.reply)
        return [s["name"] for s in json.loads(told.text())["steps"]]

    def test_a_file_as_it_was_saved(self):
        self.begin(JPY_SESSION_NAME=self.file)
        told = self.run_cell("%chard graph --format=json")
        self.assertEqual(self.steps(told), ["one", "two"])
        self.assertEqual(told.text("stderr"), "")
        write_notebook(self.file, cell("undefined_one"))
        told = self.run_cell("%chard run")  # called as who stands in its folder would
        self.assertTrue(told.text("stderr").startswith("open.ipynb:cell 0:1:1: warning"), told.text("stderr"))
        self.assertTrue(told.reply["evalue"].startswith("open.ipynb: 1 name can't be found"), told.reply["evalue"])

    def test_what_ran_after_it_was_saved_is_newer(self):
        self.begin(JPY_SESSION_NAME=self.file)
        self.run_as("c1", ["step:first"], "x = 40 + 1")
        self.run_as("gone", ["step:gone"], "x = 7")
        told = self.run_cell("%chard graph --format=json")
        self.assertEqual(self.steps(told), ["first", "two"])
        self.assertIn("open.ipynb is older than 1 cell that ran here", told.text("stderr"))
        self.run_cell("%chard run --no-cache")
        self.assertIn("RESULT= 41", self.run_cell("%chard runs logs latest two").text())
        write_notebook(self.file, cell("x = 2", "step:saved"))  # saved again: now the file is newer
        self.assertEqual(self.steps(self.run_cell("%chard graph --format=json")), ["saved"])
        with open(self.file) as f:
            self.assertIn("step:saved", f.read())

    def test_what_the_client_sends_is_what_counts(self):
        self.begin(JPY_SESSION_NAME=self.file)
        sent = {"cells": [cell("y = 3", "step:sent")], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        told = self.run_as("c9", [], "%chard graph --format=json", chard={"notebook": sent, "path": "open.ipynb"})
        self.assertEqual(self.steps(told), ["sent"])
        self.assertEqual([f for d in self.session.directories() for f in os.listdir(d) if f.startswith("notebook")], [])

    def test_a_notebook_that_was_renamed(self):
        self.begin(JPY_SESSION_NAME=self.file)
        os.makedirs(self.path("sub"), exist_ok=True)
        write_notebook(self.path("other.ipynb"), cell("y = 3", "step:other"))
        named = "%chard graph --format=json"
        self.assertEqual(self.steps(self.run_as("c9", [], named, chard={"path": "open.ipynb"})), ["one", "two"])
        self.assertEqual(self.steps(self.run_as("c9", [], named, chard={"path": "other.ipynb"})), ["other"])
        self.assertEqual(self.steps(self.run_cell(named)), ["one", "two"])  # who doesn't say means the one that was opened
        os.rename(self.file, self.path("sub/moved.ipynb"))
        self.assertEqual(self.steps(self.run_cell(named)), ["one", "two"])
        self.assertEqual(self.steps(self.run_as("c9", [], named, chard={"path": "sub/moved.ipynb"})), ["one", "two"])

    def test_a_file_is_followed_where_no_client_tells(self):
        self.begin(JPY_SESSION_NAME=self.file)
        named = "%chard graph --format=json"
        os.makedirs(self.path("deep"), exist_ok=True)
        os.rename(self.file, self.path("deep/moved.ipynb"))
        self.assertEqual(self.steps(self.run_cell(named)), ["one", "two"])
        write_notebook(self.path("deep/new"), cell("y = 3", "step:new"))
        os.rename(self.path("deep/new"), self.path("deep/moved.ipynb"))
        self.assertEqual(self.steps(self.run_cell(named)), ["new"])
        os.makedirs(self.path("Trash/files"))
        os.rename(self.path("deep/moved.ipynb"), self.path("Trash/files/moved.ipynb"))
        gone = "deep/moved.ipynb was renamed, moved or deleted; name the one you mean"
        self.assertIn(gone, self.run_cell(named).reply["evalue"])
        os.remove(self.path("Trash/files/moved.ipynb"))
        self.assertIn(gone, self.run_cell(named).reply["evalue"])

    def test_a_client_tells_of_a_rename_before_the_kernel_came(self):
        """A kernel that is started anew is told the name from before."""
        os.makedirs(self.path("sub"), exist_ok=True)
        write_notebook(self.path("sub/after.ipynb"), cell("y = 3", "step:after"))
        self.begin(JPY_SESSION_NAME=self.path("sub/before.ipynb"))
        named = "%chard graph --format=json"
        self.assertIn("sub/before.ipynb was renamed", self.run_cell(named).reply["evalue"])
        self.assertEqual(self.steps(self.run_as("c9", [], named, chard={"path": "sub/after.ipynb"})), ["after"])
        self.assertEqual(self.steps(self.run_cell(named)), ["after"])

    def test_a_cell_too_large_to_be_kept(self):
        self.begin(JPY_SESSION_NAME=self.file)
        self.run_as("c1", ["step:one"], "x = 1 #" + "x" * (5 << 20))
        self.assertIn("cell 0 ran since the notebook was saved", self.run_cell("%chard graph").reply["evalue"])
        self.run_as("c1", ["step:small"], "x = 1")
        self.assertEqual(self.steps(self.run_cell("%chard graph --format=json")), ["small", "two"])

    def test_without_a_file_the_executed_cells_are_the_notebook(self):
        self.begin()
        self.assertIn("no cell was executed", self.run_cell("%chard graph", store_history=False).reply["evalue"])
        self.run_cell("#| step: make\nx = 20")
        self.run_cell("#| step: show\nprint('RESULT=', 2 * x)")
        self.assertEqual(self.steps(self.run_cell("%chard graph --format=json")), ["make", "show"])
        told = self.run_cell("%chard run --no-cache")
        self.assertIn("session.ipynb", told.text())
        self.assertIn("RESULT= 40", self.run_cell("%chard runs logs latest show").text())

    def test_a_program_says_nothing(self):
        """The notebook is the one that is named for it, as long as that has the cells that run."""
        self.begin(CHARD_NOTEBOOK=self.file)
        self.addCleanup(self.session.env.pop, "CHARD_NOTEBOOK")
        named = dict(code="%chard graph --format=json", allow_stdin=False, store_history=False)
        self.run_cell("x = 1", allow_stdin=False)
        told = self.run_cell(**named)
        self.assertEqual((self.steps(told), told.text("stderr")), (["one", "two"], ""))
        self.run_cell("#| step: make\nz = 1", allow_stdin=False)
        told = self.run_cell(**named)
        self.assertEqual(self.steps(told), ["make"])
        self.assertIn("CHARD_NOTEBOOK is %s, whose cells don't begin with those that ran here; what ran here so far is taken"
                      % self.file, told.text("stderr"))
        self.assertEqual(self.run_cell("%chard graph", store_history=False).text("stderr"), "")  # a person's console

    def test_vs_code_says_which(self):
        self.begin()
        self.run_cell("__vsc_ipynb_file__ = %r" % self.file)
        self.assertEqual(self.steps(self.run_cell("%chard graph --format=json")), ["one", "two"])


@unittest.skipUnless(nbclient, "needs nbclient")
class Batch(unittest.TestCase):
    def test_nbclient_keeps_the_last_state(self):
        with tempfile.TemporaryDirectory() as folder:
            write_notebook(os.path.join(folder, "good.ipynb"), *GOOD)
            sources = ["%chard run good.ipynb\nprint('after')", "%chard graph"]
            nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
            km = jupyter_client.AsyncKernelManager()
            km._kernel_spec = jupyter_client.kernelspec.KernelSpec(argv=COMMAND, language="python")
            nbclient.NotebookClient(nb, km=km, timeout=60, resources={"metadata": {"path": folder}}).execute()
        picture, printed = nb.cells[0].outputs
        self.assertRegex(picture["data"]["text/plain"], r"^good\.ipynb: ok, 4 of 4 steps")
        self.assertEqual(printed["text"], "after\n")
        self.assertEqual(nb.cells[0].execution_count, 1)
        self.assertIn("set CHARD_NOTEBOOK to its path", nb.cells[1].outputs[0]["text"])


class Interrupts(Magic):
    def ended(self, request, step):
        told = self.hear(request)
        self.assertEqual((told.reply["status"], told.reply["ename"]), ("error", "KeyboardInterrupt"))
        self.assertTrue(wait_until(lambda: is_gone(step)))
        self.assertEqual(self.value("'reached' in globals()"), "False")

    def test_signal(self):
        request, step = begin_slow(self)
        self.session.km.interrupt_kernel()
        self.ended(request, step)

    def test_message(self):
        request, step = begin_slow(self)
        self.kc.control_channel.send(self.kc.session.msg("interrupt_request", {}))
        self.ended(request, step)

    def test_the_session_answers_meanwhile(self):
        self.run_cell("%config Completer.use_jedi = False")  # slow when it looks at its first name
        request, step = begin_slow(self)
        self.assertIn("print", self.kc.complete("prin", reply=True, timeout=60)["content"]["matches"])
        self.assertTrue(self.kc.kernel_info(reply=True, timeout=60)["content"]["banner"])
        self.session.km.interrupt_kernel()
        self.ended(request, step)

    def test_code_parts_are_interrupted_as_ever(self):
        request = self.ask(QUICK + "\nprint('sleeps', flush=True)\nimport time; time.sleep(600)")
        while self.kc.get_iopub_msg(timeout=60)["content"].get("text") != "sleeps\n":
            pass
        self.session.km.interrupt_kernel()
        reply = self.kc.get_shell_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != request:
            reply = self.kc.get_shell_msg(timeout=60)
        self.assertEqual(reply["content"]["ename"], "KeyboardInterrupt")


class Deaths(Magic):
    def setUp(self):
        self.session.end()
        self.session.start()
        self.kc = self.session.kc
        self.run_cell("%%cd -q %s" % self.dir)  # commands run where the session is
        _, self.step = begin_slow(self)

    def test_shutdown_ends_the_run(self):
        self.session.end()
        self.assertTrue(wait_until(lambda: is_gone(self.step)))

    def test_killed_it_takes_the_run_along(self):
        os.kill(self.session.km.provisioner.pid, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: is_gone(self.step)))
