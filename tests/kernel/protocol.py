"""What any Jupyter kernel does, through ours: over TCP, and with CHARD_TESTS=all over ipc and encrypted, interrupted by
message. Needs nothing from outside of the project.
Specification: jupyter_client's documentation, "Messaging in Jupyter" 5.5.
SPDX-License-Identifier: Apache-2.0
"""
import os
import unittest

try:
    import jupyter_client.session
except ImportError:
    jupyter_client = None

from magic import Magic
from session import Session

ALL = os.environ.get("CHARD_TESTS") == "all"
COMM = """got = []
def opened(comm, _):
    @comm.on_msg
    def back(m):
        comm.send({}, buffers=[bytes(m['buffers'][0])[::-1]])
get_ipython().kernel.comm_manager.register_target('mirror', opened)"""


class Protocol:
    how = {}

    @classmethod
    def start(cls):
        cls.session = Session(**cls.how)

    def send(self, channel, kind, content, metadata=None, buffers=None, **header):
        m = self.kc.session.msg(kind, content, metadata=metadata or {})
        m["header"].update(header)
        self.kc.session.send(getattr(self.kc, channel + "_channel").socket, m, buffers=buffers)
        return m["header"]["msg_id"]

    def control(self, kind, content):
        request = self.send("control", kind, content)
        while True:
            m = self.kc.get_control_msg(timeout=60)
            if m["parent_header"].get("msg_id") == request:
                return m["content"]

    def execution(self, code):
        return dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False, stop_on_error=True)

    def test_cells(self):
        told = self.run_cell("6 * 7")
        self.assertEqual([m["msg_type"] for m in told.messages], ["status", "execute_input", "execute_result", "status"])
        count = told.reply["execution_count"]
        told = self.run_cell("import sys; print('a'); print('b', file=sys.stderr)", silent=True)
        self.assertEqual((told.text("stdout"), told.text("stderr")), ("a\n", "b\n"))
        told = self.run_cell("1/0", user_expressions={})
        self.assertEqual((told.reply["ename"], told.all("error")[0]["ename"]), ("ZeroDivisionError",) * 2)
        told = self.run_cell("q = 5", user_expressions={"v": "q + 1"})
        self.assertEqual(told.reply["user_expressions"]["v"]["data"]["text/plain"], "6")
        self.assertEqual(told.reply["execution_count"], count + 2)  # silent ones don't count
        slow, after = self.ask("import time; time.sleep(.5); 1/0"), self.ask("z = 1")
        self.assertEqual([self.hear(r).reply["status"] for r in (slow, after)], ["error", "aborted"])

    def test_what_travels_with_a_request(self):
        request = self.send("shell", "execute_request", self.execution("get_ipython().kernel.get_parent()['metadata']"),
                            {"tags": ["step:x"], "cellId": "c1"})
        shown = self.hear(request).all("execute_result")[0]["data"]["text/plain"]
        self.assertIn("'tags': ['step:x']", shown)
        forged = self.kc.session.clone()
        forged.key = b"wrong"
        forged.send(self.kc.shell_channel.socket, forged.msg("execute_request", self.execution("forged = 1")))
        self.assertEqual(self.value("'forged' in globals()"), "False")

    def test_displays(self):
        told = self.run_cell("h = display({'text/html': '0'}, raw=True, display_id='d')\nh.update({'text/html': '1'}, raw=True)\n"
                             "from IPython.display import clear_output; clear_output(wait=True)")
        self.assertEqual([m["msg_type"] for m in told.messages[2:-1]], ["display_data", "update_display_data", "clear_output"])
        self.assertEqual(told.all("update_display_data")[0]["transient"], {"display_id": "d"})

    def test_typing(self):
        self.run_cell("import os; marked = 1")
        self.assertIn("getpid", [m.split(".")[-1] for m in self.kc.complete("os.getpi", 8, reply=True, timeout=60)["content"]["matches"]])
        self.assertTrue(self.kc.inspect("zip", 3, reply=True, timeout=60)["content"]["found"])
        request = self.kc.is_complete("def f(x):")
        answer = self.kc.get_shell_msg(timeout=60)
        self.assertEqual((answer["parent_header"]["msg_id"], answer["content"]["status"]), (request, "incomplete"))
        past = self.kc.history(hist_access_type="tail", n=3, raw=True, output=False, reply=True, timeout=60)["content"]["history"]
        self.assertTrue(any("marked" in entry[2] for entry in past))

    def test_stdin(self):
        request = self.ask("v = input('p? ')\nprint('got', v)", allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=60)
        self.assertEqual((question["content"]["prompt"], question["parent_header"]["msg_id"]), ("p? ", request))
        self.kc.input("zed")
        self.assertIn("got zed", self.hear(request).text())

    def test_comms(self):
        self.run_cell(COMM)
        self.hear_published(self.send("shell", "comm_open", {"comm_id": "k", "target_name": "mirror", "data": {}}))
        blob = os.urandom(200000)
        heard = self.hear_published(self.send("shell", "comm_msg", {"comm_id": "k", "data": {}}, buffers=[blob]))
        answer, = [m for m in heard if m["msg_type"] == "comm_msg"]
        self.assertEqual(bytes(answer["buffers"][0]), blob[::-1])
        self.assertIn("k", self.kc.comm_info(target_name="mirror", reply=True, timeout=60)["content"]["comms"])

    def hear_published(self, request):
        heard = []
        while not (heard and heard[-1]["content"].get("execution_state") == "idle"):
            m = self.kc.get_iopub_msg(timeout=60)
            if m["parent_header"].get("msg_id") == request:
                heard.append(m)
        return heard

    def test_busy(self):
        """Interrupts, control and subshells reach a kernel that works."""
        request = self.ask("import time\nprint('works', flush=True)\nwhile True:\n    time.sleep(.05)")
        while self.kc.get_iopub_msg(timeout=60)["content"].get("text") != "works\n":
            pass
        self.assertEqual(self.control("kernel_info_request", {})["status"], "ok")
        subshell = self.control("create_subshell_request", {})["subshell_id"]
        other = self.send("shell", "execute_request", self.execution("'beside'"), subshell_id=subshell)
        while self.kc.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != other:
            pass
        self.assertIn(subshell, self.control("list_subshell_request", {})["subshell_id"])
        self.control("delete_subshell_request", {"subshell_id": subshell})
        self.session.km.interrupt_kernel()
        reply = self.kc.get_shell_msg(timeout=60)
        self.assertEqual((reply["parent_header"]["msg_id"], reply["content"]["ename"]), (request, "KeyboardInterrupt"))
        self.assertEqual(self.value("1"), "1")

    def test_debugger(self):
        for n, (command, arguments) in enumerate((("debugInfo", {}), ("initialize", {"clientID": "t", "adapterID": "", "pathFormat": "path"}))):
            answer = self.control("debug_request", {"type": "request", "seq": n + 1, "command": command, "arguments": arguments})
            self.assertTrue(answer["success"], answer)
        self.control("debug_request", {"type": "request", "seq": 3, "command": "disconnect", "arguments": {}})

    def test_two_clients(self):
        other = self.session.km.client(session=jupyter_client.session.Session(key=self.session.km.session.key))
        before = os.getcwd()
        os.chdir(self.dir)  # paths of sockets are relative to where the kernel was started
        self.addCleanup(os.chdir, before)
        other.start_channels()
        self.addCleanup(other.stop_channels)
        other.wait_for_ready(timeout=60)
        mine, theirs = self.ask("'mine'"), other.execute("'theirs'")
        self.assertEqual(self.hear(mine).reply["status"], "ok")
        self.assertEqual(other.get_shell_msg(timeout=60)["parent_header"]["msg_id"], theirs)


class Tcp(Protocol, Magic):
    pass


@unittest.skipUnless(ALL, "with CHARD_TESTS=all")
class Ipc(Protocol, Magic):
    how = {"transport": "ipc"}


@unittest.skipUnless(ALL, "with CHARD_TESTS=all")
class Encrypted(Protocol, Magic):
    how = {"transport_encryption": "required", "interrupt_mode": "message"}
