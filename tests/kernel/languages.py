"""Another language inside: everything is relayed, and pipeline magics say that Python alone compiles.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

from magic import Magic
from session import KERNEL, Session

SHOUT = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
from jupyter_client.session import Session

send = Session.send

def forget (self, stream, message, content=None, parent=None, ident=None, *more, **others):
    # As Deno does: an answer names nobody but the connection that the question came through.
    return send (self, stream, message, content, parent, ident[:1] if isinstance (ident, list) else ident, *more,
                 **others)

Session.send = forget

class Shout (Kernel):
    implementation = implementation_version = banner = "shout"
    language_info = {"name": "shout", "mimetype": "text/plain", "file_extension": ".txt"}

    def do_execute (self, code, silent, *more, **others):
        if not silent:
            self.send_response (self.iopub_socket, "stream", {"name": "stdout", "text": code.upper ()})
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance (kernel_class=Shout)
"""


class Languages(Magic):
    @classmethod
    def start(cls):
        path = os.path.join(cls.dir, "shout.py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SHOUT)
        cls.session = Session([KERNEL, "-f", "{connection_file}", "--", sys.executable, path, "-f", "{}"])

    def test_it_listens_where_any_kernel_can(self):
        directory, = self.session.directories()
        with open(os.path.join(directory, "connection.json"), encoding="utf-8") as f:
            told = json.load(f)
        self.assertEqual((told["transport"], told["ip"]), ("tcp", "127.0.0.1"))
        self.assertEqual(told["key"], self.session.km.session.key.decode())

    def test_it_is_relayed_and_not_compiled(self):
        self.assertEqual(self.run_cell("x <- c (1, 2)").text(), "X <- C (1, 2)")
        told = self.run_cell("one\n%chard runs list\ntwo")
        self.assertEqual(told.text().split(), ["ONE", "TWO"])
        self.assertIn("no runs of any notebook", told.text("stderr"))
        told = self.run_cell("%chard graph")
        self.assertEqual((told.reply["status"], told.reply["evalue"]), ("error", "what is wrong stands above"))
        wrong, hint = told.text("stderr").splitlines()  # and nothing of its cells
        self.assertIn("the notebook's language is shout", wrong)
        self.assertIn("only an IPython kernel's variables", self.run_cell("%chard run --only x --from-session").reply["evalue"])
