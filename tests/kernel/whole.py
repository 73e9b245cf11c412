"""A session with something of everything, ended as Jupyter ends it: no bad memory access, nothing lost, exit status 0. The
sanitized build tells by itself; in the plain one, under CHARD_TESTS=all, Valgrind looks.
SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import unittest

from bad_input import Malformed
from session import COMMAND, Session, needs_jupyter

try:
    import zmq
except ImportError:
    zmq = None

SANITIZED = "build/sanitized" in COMMAND[0]
# The guards of child processes (base/proc.h) are forks, in which ZeroMQ's threads and what belongs to them are gone.
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--child-silent-after-fork=yes"]
LONG = 300  # seconds, for Valgrind's sake


@needs_jupyter
class Whole(unittest.TestCase):
    def test_nothing_is_lost(self):
        looked = os.environ.get("CHARD_TESTS") == "all" and not SANITIZED and shutil.which("valgrind")
        session = Session((VALGRIND if looked else []) + COMMAND, ready=False)
        self.addCleanup(session.close)
        kc = session.kc
        kc.wait_for_ready(timeout=LONG)
        with open(session.home + "/a.py", "w", encoding="utf-8") as f:
            f.write("# %%\nx = 1\n")
        for code in ("x = 1", "print('a' * 1000000)", "1 / 0", "from IPython.display import HTML; HTML('<b>x</b>')",
                     "x = 2\n%%chard check %s/a.py\nx" % session.home, "%chard", "%chard no-such"):
            session.run(code, LONG)
        for ask in kc.kernel_info, lambda **k: kc.complete("pri", **k), lambda **k: kc.inspect("print", **k), kc.history:
            ask(reply=True, timeout=LONG)
        made, stranger = Malformed(session.km.session.key, 1), zmq.Context.instance().socket(zmq.DEALER)
        stranger.linger = 0
        stranger.connect(session.km._make_url("shell"))
        for _ in range(200):
            stranger.send_multipart(made.next())
        sent = kc.execute("import time\nprint('now', flush=True)\ntime.sleep(1000)")
        while "now" not in kc.get_iopub_msg(timeout=LONG)["content"].get("text", ""):
            pass
        session.km.interrupt_kernel()
        while kc.get_shell_msg(timeout=LONG)["parent_header"].get("msg_id") != sent:
            pass
        stranger.close()
        process = session.km.provisioner.process
        kc.shutdown()
        status = process.wait(LONG)
        session.log.seek(0)
        log = session.log.read()
        self.assertEqual(status, 0, log)
        for word in "Sanitizer", "runtime error", "definitely lost", "Invalid read", "Invalid write":
            self.assertNotIn(word, log)
