"""chard-kernel as Jupyter's own clients see it: what ipykernel does alone it does inside, in each transport; nothing
outlives a kill; kernel_info is answered before the inner kernel is up.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from session import COMMAND, KERNEL, TOP, Session, is_gone, needs_jupyter, wait_until

CHECKS = os.path.join(TOP, "..", "shared", "checks", "kernel")
needs_checks = unittest.skipUnless(os.path.isdir(CHECKS), "needs ../shared")


@needs_jupyter
@needs_checks
class Shared(unittest.TestCase):
    """The checks that ipykernel alone passes too."""

    def script(self, *words, **env):
        where = dict(os.environ, KUT=" ".join(COMMAND), **env)
        return subprocess.run([sys.executable, *words], cwd=CHECKS, env=where, capture_output=True, text=True,
                              timeout=120)

    def passes(self, *but, **env):
        """All checks pass but those named. One is asked twice where it must: ipykernel alone aborts the cell behind an
        interrupted one now and then, too (once in 25 times, when this was written)."""
        for _ in range(2):
            done = self.script("checklist.py", "kut", **env)
            failed = [line.split()[0] for line in done.stdout.splitlines() if " FAIL " in line]
            if "c18_interrupt_running_cell" not in failed:
                break
        self.assertEqual(failed, list(but), done.stdout + done.stderr)
        self.assertIn("%d passed, %d failed" % (25 - len(but), len(but)), done.stdout)

    def test_checklist(self):
        self.passes()

    def test_checklist_encrypted_interrupted_by_message(self):
        # The heartbeat check asks without encryption; ipykernel alone doesn't answer it either.
        self.passes("c22_heartbeat", CURVE="1", IMODE="message")

    def test_checklist_over_ipc(self):
        self.passes(TRANSPORT="ipc")

    def test_jupyter_kernel_test(self):
        done = self.script("-B", "-m", "unittest", "jkt", KIND="kut")
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertRegex(done.stderr, r"Ran (\d\d) tests")

    def test_parent_death(self):
        done = self.script("parentdeath.py", "kut")
        self.assertRegex(done.stdout, r"front gone \d+\.\d+ inner gone \d+\.\d+", done.stderr)

    def test_deaths(self):
        done = self.script("crash.py", "kut")
        self.assertEqual(len(re.findall(r"inner gone \d+\.\d+ s; manager sees death \d+\.\d+ s", done.stdout)), 2, done.stdout)
        self.assertNotIn("leftover", done.stdout)

    def test_no_output_is_lost_in_a_flood(self):
        done = self.script("iopub_loss.py", "kut", "2", "10000")
        self.assertIn("'idle_lost': 0, 'short': 0", done.stdout, done.stderr)


@needs_jupyter
class Endings(unittest.TestCase):
    def setUp(self):
        self.session = Session()
        self.addCleanup(self.session.close)
        self.front = self.session.km.provisioner.pid
        _, text = self.session.run("import os, subprocess\n"
                                   "p = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
                                   "print(os.getpid(), p.pid)")
        self.inner, self.daemon = map(int, text.split())
        self.assertEqual(len(self.session.directories()), 1)
        self.assertEqual(os.stat(self.session.directories()[0]).st_mode & 0o777, 0o700)

    def all_gone(self):
        for pid in self.front, self.inner, self.daemon:
            self.assertTrue(wait_until(lambda: is_gone(pid)), "process %d is still there" % pid)
        self.assertTrue(wait_until(lambda: not self.session.directories()), "its directory is still there")

    def test_front_killed(self):
        os.kill(self.front, signal.SIGKILL)
        self.all_gone()

    def test_whole_group_killed(self):
        os.killpg(os.getpgid(self.front), signal.SIGKILL)
        self.all_gone()

    def test_inner_killed(self):
        os.kill(self.inner, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: not self.session.km.is_alive(), 10))
        self.all_gone()
        self.session.log.seek(0)
        self.assertIn("was ended by signal 9 (Killed)", self.session.log.read())

    def test_front_terminated(self):
        os.kill(self.front, signal.SIGTERM)
        self.all_gone()

    def test_shutdown(self):
        self.session.end()
        self.all_gone()


@needs_jupyter
class Start(unittest.TestCase):
    def test_kernel_info_is_answered_before_the_inner_kernel_is_up(self):
        session = Session()
        self.addCleanup(session.close)
        first = session.kc.kernel_info(reply=True, timeout=60)["content"]
        session.end()
        session.start(ready=False)
        pid = session.km.provisioner.pid
        reply = session.kc.kernel_info(reply=True, timeout=60)
        self.assertEqual(reply["content"], first)
        self.assertEqual(reply["header"]["username"], "chard")
        self.assertFalse(is_gone(pid))
        self.assertEqual(session.run("print(6 * 7)")[1], "42\n")  # requests wait in order


@needs_jupyter
class Told(unittest.TestCase):
    """What goes wrong with the inner kernel stands in Jupyter's log and under the cell that waits."""

    def session(self, *command, ready=False):
        session = Session(COMMAND[:4] + list(command), ready=ready)
        self.addCleanup(session.close)
        return session

    def told_under(self, session, sent):
        while True:
            m = session.kc.get_iopub_msg(timeout=120)
            if m["content"].get("name") == "stderr" and m["parent_header"].get("msg_id") == sent:
                session.log.seek(0)
                self.assertIn(m["content"]["text"].strip(), session.log.read())
                return m["content"]["text"]

    def test_one_that_cannot_start(self):
        session = self.session(sys.executable, "-m", "no_such_module")
        self.assertTrue(wait_until(lambda: not session.km.is_alive()))
        session.log.seek(0)
        log = session.log.read()
        self.assertIn("no_such_module", log)
        self.assertRegex(log, r"chard-kernel: the inner kernel .* ended with status 1 before it was ready")
        self.assertEqual(session.directories(), [])

    def test_one_that_ends_at_its_start(self):
        session = self.session(sys.executable, "-c", "import time; time.sleep(3); raise SystemExit(7)")
        told = self.told_under(session, session.kc.execute("1"))
        self.assertIn("ended with status 7 before it was ready; `chard kernel doctor`", told)
        self.assertTrue(wait_until(lambda: not session.km.is_alive()))

    def test_one_that_hangs_at_its_start(self):
        session = self.session("sleep", "1000")
        self.assertRegex(self.told_under(session, session.kc.execute("1")), r"sleep\) has not answered for \d+ s")
        session.km.shutdown_kernel(now=True)
        self.assertTrue(wait_until(lambda: not session.directories()))

    def test_one_that_ignores_interrupts(self):
        session = self.session(*COMMAND[4:], ready=True)
        session.run("import signal, time")
        sent = session.kc.execute("signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('now')\ntime.sleep(1000)")
        while session.kc.get_iopub_msg(timeout=60)["msg_type"] != "stream":
            pass
        session.km.interrupt_kernel()
        self.assertRegex(self.told_under(session, sent), r"was interrupted \d+ s ago and goes on")

    def test_one_that_is_killed_at_work(self):
        session = self.session(*COMMAND[4:], ready=True)
        sent = session.kc.execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        self.assertIn("was ended by signal 9", self.told_under(session, sent))


class BadConnectionFiles(unittest.TestCase):
    good = {"transport": "tcp", "ip": "127.0.0.1", "key": "k", "signature_scheme": "hmac-sha256", "shell_port": 1,
            "control_port": 2, "stdin_port": 3, "iopub_port": 4, "hb_port": 5}

    def start(self, text):
        with tempfile.TemporaryDirectory() as home:
            path = os.path.join(home, "c.json")
            if text is not None:
                with open(path, "w") as f:
                    f.write(text)
            done = subprocess.run([KERNEL, "-f", path, "--", "sleep", "60"], capture_output=True, text=True, timeout=60,
                                  env=dict(os.environ, TMPDIR=home, XDG_RUNTIME_DIR=""))
            self.assertEqual(glob.glob(home + "/chard-kernel-*"), [])
            return done

    def refused(self, text, status, reason):
        done = self.start(text)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertRegex(done.stderr, "^chard-kernel: .*" + re.escape(reason) + ".*\n$")

    def test_missing(self):
        self.refused(None, 3, "No such file or directory")

    def test_truncated(self):
        self.refused(json.dumps(self.good)[:40], 2, "it isn't a JSON object")

    def test_without_a_port(self):
        self.refused(json.dumps({**self.good, "hb_port": "x"}), 2, "its “hb_port” is missing or no port")

    def test_unknown_transport(self):
        self.refused(json.dumps({**self.good, "transport": "udp"}), 2, "its transport is “udp”")

    def test_bad_curve_key(self):
        self.refused(json.dumps({**self.good, "curve_secretkey": "short"}), 2, "CURVE keys")

    def test_port_in_use(self):
        import socket
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(json.dumps({**self.good, "shell_port": port}), 3, "Address already in use")
