"""The zygote: forks steps, tells their ends, cancels, and leaves nothing behind, whoever dies first.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import time

from support import StepCase, Zygote, is_alive, wait_for, wait_gone

DAEMON = ("import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    if os.fork():\n        os._exit(0)\n    os.closerange(0, 1000)\n"
          "    open(%r, 'w').write(str(os.getpid()))\n    time.sleep(600)\nos.waitpid(pid, 0)\n")


class Protocol(StepCase):
    def open(self, preload=""):
        zygote = Zygote(self, preload)
        self.addCleanup(zygote.close)
        return zygote

    def log(self, ident):
        with open(self.path("log-%s" % ident)) as f:
            return f.read()

    def pid_in(self, name):
        def read():
            try:
                with open(self.path(name)) as f:
                    return int(f.read() or 0)
            except OSError:
                return 0
        pid = wait_for(read)
        self.assertTrue(pid, "no process wrote %s" % name)
        return pid

    def test_runs_steps(self):
        zygote = self.open("json,no_such_module,xml.dom")
        one = zygote.run(1, self.spec("a", ["print('hello')\nx = [1]"], outputs=["x"]))
        self.assertEqual(one["exit"], 0)
        self.assertGreater(one["max_rss"], 1000)
        self.assertGreaterEqual(one["user"] + one["system"], 0)
        two = zygote.run(2, self.spec("b", ["print(x)"], [("x", "a")]))
        self.assertEqual((two["exit"], self.log(1), self.log(2)), (0, "hello\n", "[1]\n"))
        self.assertEqual(zygote.run(3, self.spec("c", ["1/0"]))["exit"], 1)
        self.assertEqual(zygote.run(4, self.spec("d", ["import os\nos.kill(os.getpid(), 9)"]))["signal"], 9)
        self.assertEqual(zygote.run(5, self.spec("e", ["import os\nos._exit(7)"]))["exit"], 7)
        self.assertEqual(zygote.run(6, self.path("none.json"))["exit"], 3)
        with open(self.path("zygote.log")) as f:
            self.assertIn("no_such_module", f.read())

    def test_steps_share_no_state(self):
        zygote = self.open("json")
        zygote.run(1, self.spec("a", ["import json, sys\njson.mark = 1\nx = 1\nsys.argv.append('q')"]))
        zygote.run(2, self.spec("b", ["import json, sys\nprint(hasattr(json, 'mark'), 'x' in globals(), len(sys.argv))"]))
        self.assertEqual(self.log(2), "False False 1\n")

    def test_parallel(self):
        zygote = self.open()
        meet = "import os, time\nopen(%r, 'w')\nwhile not all(os.path.exists(%r + str(i)) for i in range(6)):\n    time.sleep(0.01)"
        for i in range(6):
            spec = self.spec("p%d" % i, [meet % (self.path("here%d" % i), self.path("here"))])
            zygote.send({"id": i, "spec": spec, "log": self.path("log-%d" % i)})
        ended = set()
        while len(ended) < 6:
            answer = zygote.read()
            if "exit" in answer:
                self.assertEqual(answer["exit"], 0)
                ended.add(answer["id"])

    def test_clean_process(self):
        """A step has its own session, default signals, no input, only its main thread, and of the zygote's descriptors only
        the pipe on which it tells its end."""
        zygote = self.open("threading")
        source = ("import os, signal, threading, sys\nfds = sorted(int(f) for f in os.listdir('/proc/self/fd'))\n"
                  "print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid(), [os.readlink('/proc/self/fd/%d' % f).split(':')[0] for f in fds if f > 2 and os.path.exists('/proc/self/fd/%d' % f)], "
                  "signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, signal.pthread_sigmask(signal.SIG_BLOCK, []), sys.stdin.read(), threading.active_count(), os.readlink('/proc/self/fd/0'))")
        zygote.run(1, self.spec("a", [source]))
        self.assertEqual(self.log(1), "True True ['pipe', '%s'] True set()  1 /dev/null\n" % self.path("log-1"))

    def test_descriptors_that_the_step_takes_over(self):
        """What a step opens where the zygote's pipe was is its own."""
        zygote = self.open()
        source = "import os\nos.closerange(3, 100)\nfiles = [open(%r + str(i), 'wb', 0) for i in range(20)]" % self.path("file")
        self.assertEqual(zygote.run(1, self.spec("a", [source]))["exit"], 0)
        self.assertEqual([os.path.getsize(self.path("file%d" % i)) for i in range(20)], [0] * 20)

    def test_cancel(self):
        """TERM for the whole group; what the cells caught on the way out still ran; the next step is unharmed."""
        zygote = self.open()
        spec = self.spec("a", ["import subprocess, time\np = subprocess.Popen(['sleep', '600'])\nopen(%r, 'w').write(str(p.pid))\ntime.sleep(600)" % self.path("child")])
        pid = zygote.start(1, spec)
        child = self.pid_in("child")
        zygote.send({"cancel": 1})
        end = zygote.end_of(1)
        self.assertEqual(end.get("exit"), 1, end)
        self.assertEqual(wait_gone([pid, child]), [])
        with open(self.path("a", "result.json")) as f:
            self.assertEqual(json.load(f)["error"]["type"], "Canceled")
        self.assertEqual(zygote.run(2, self.spec("b", ["1"]))["exit"], 0)

    def test_cancel_of_one_that_wont(self):
        zygote = self.open()
        spec = self.spec("a", ["import signal, time, subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\np = subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 600 & echo $! > %s; wait'])\ntime.sleep(600)" % self.path("child")])
        pid = zygote.start(1, spec)
        child = self.pid_in("child")
        began = time.monotonic()
        zygote.send({"cancel": 1})
        zygote.send({"cancel": 1})
        zygote.send({"cancel": 99})
        self.assertEqual(zygote.end_of(1)["signal"], signal.SIGKILL)
        self.assertGreater(time.monotonic() - began, 2)
        self.assertEqual(wait_gone([pid, child]), [])

    def test_other_steps_survive_a_cancel(self):
        zygote = self.open()
        zygote.start(1, self.spec("a", ["import time\ntime.sleep(600)"]))
        zygote.start(2, self.spec("b", ["import time\ntime.sleep(1)\nprint('done')"]))
        zygote.send({"cancel": 1})
        zygote.end_of(1)
        self.assertEqual(zygote.end_of(2)["exit"], 0)
        self.assertEqual(self.log(2), "done\n")

    def test_end_of_file_kills_all(self):
        """The engine goes away: steps, their children and daemons that left their session go with it."""
        zygote = Zygote(self)
        zygote.run(1, self.spec("a", [DAEMON % self.path("orphan")]))
        orphan = self.pid_in("orphan")
        step = zygote.start(2, self.spec("b", [DAEMON % self.path("other") + "time.sleep(600)"]))
        other = self.pid_in("other")
        self.assertTrue(is_alive(orphan) and is_alive(other) and is_alive(step))
        self.assertEqual(zygote.close(), 0)
        self.assertEqual(wait_gone([orphan, other, step], 3), [])

    def test_background_process_outlives_its_step(self):
        """A server that a cell starts is there for later cells, as in the notebook."""
        zygote = self.open()
        zygote.run(1, self.spec("a", ["import subprocess\np = subprocess.Popen(['sleep', '600'])\nopen(%r, 'w').write(str(p.pid));" % self.path("server")]))
        server = self.pid_in("server")
        zygote.run(2, self.spec("b", ["1"]))
        self.assertTrue(is_alive(server))
        zygote.close()
        self.assertEqual(wait_gone([server], 3), [])

    def test_zygote_killed(self):
        """kill -9 of the zygote itself takes running steps along."""
        zygote = Zygote(self)
        step = zygote.start(1, self.spec("a", ["import time\ntime.sleep(600)"]))
        wait_for(lambda: os.path.exists(self.path("log-1")))
        zygote.process.kill()
        self.assertEqual(wait_gone([step], 3), [])
        zygote.close()

    def test_nonsense_is_passed_over(self):
        zygote = self.open()
        zygote.socket.sendall(b"{nonsense\n[]\n{\"id\": 1}\n\n")
        self.assertEqual(zygote.run(2, self.spec("a", ["1"]))["exit"], 0)

    def test_log_that_cant_be_opened(self):
        zygote = self.open()
        zygote.send({"id": 1, "spec": self.spec("a", ["1"]), "log": self.path("no", "such", "log")})
        self.assertEqual(zygote.end_of(1)["exit"], 3)

    def test_preload_that_hangs_or_exits(self):
        for name, text in (("slow1", "import time; time.sleep(4)"), ("slow2", "import time; time.sleep(4); open(%r, 'w')" % self.path("loaded")), ("exits", "raise SystemExit(3)"), ("dies", "1/0"), ("loud", "print('loud')")):
            with open(os.path.join(self.book, name + ".py"), "w") as f:
                f.write(text)
        zygote = self.open("exits,dies,loud,slow1,slow2")
        self.assertEqual(zygote.run(1, self.spec("a", ["print('x')"]))["exit"], 0)
        self.assertFalse(os.path.exists(self.path("loaded")), "the step waited for the second slow import too")
        self.assertEqual(self.log(1), "x\n")

    def test_interrupt_is_not_the_zygotes(self):
        zygote = self.open()
        zygote.run(1, self.spec("a", ["1"]))
        zygote.process.send_signal(signal.SIGINT)
        self.assertEqual(zygote.run(2, self.spec("b", ["1"]))["exit"], 0)

    def test_numpy_preloaded_shares_nothing_written(self):
        if not __import__("importlib.util").util.find_spec("numpy"):
            self.skipTest("needs numpy")
        zygote = self.open("numpy")
        self.assertEqual(zygote.run(1, self.spec("a", ["import numpy as np\na = np.random.rand(300, 300)\nb = (a @ a).sum()"], outputs=["b"]))["exit"], 0)

    def test_many_in_a_row(self):
        zygote = self.open("json")
        for i in range(30):
            zygote.run(i, self.spec("s%d" % i, ["print(%d)" % i]))
        self.assertEqual([self.log(i) for i in range(30)], ["%d\n" % i for i in range(30)])
