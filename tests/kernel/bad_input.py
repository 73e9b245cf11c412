"""What comes in wrong, too much or too large: the kernel goes on as if nothing had been, in bounded memory, and says in
Jupyter's log what it dropped. 10,000 malformed messages, 100,000 published ones and 1 GB at once in ./bootstrap check.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import hmac
import json
import os
import random
import select
import socket
import subprocess
import sys
import threading
import time
import unittest

from session import KERNEL, Session, needs_jupyter, wait_until

try:
    import zmq
except ImportError:
    zmq = None

ALL = os.environ.get("CHARD_TESTS") == "all"
SANITIZED = any(k.endswith("SAN_OPTIONS") and "build/sanitized" in KERNEL for k in os.environ)
MALFORMED = 10000 if ALL else 1000
FLOOD = 100000 if ALL else 10000
LARGE = 1 << (30 if ALL else 26)
SMALL = 40000  # KiB that the kernel may grow by whatever was thrown at it


def resident(pid):
    """KiB."""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


class WithSession(unittest.TestCase):
    def setUp(self):
        self.session = Session()
        self.addCleanup(self.session.close)
        self.km, self.kc = self.session.km, self.session.kc
        self.pid = self.km.provisioner.pid

    def connect(self, kind, channel):
        s = zmq.Context.instance().socket(kind)
        s.linger = 0
        s.connect(self.km._make_url(channel))
        self.addCleanup(s.close)
        return s

    def log(self):
        self.session.log.seek(0)
        return self.session.log.read()

    def grown(self, before):
        return resident(self.pid) - before


class Malformed:
    """Makes messages of which none may reach the inner kernel: random frames, and real ones with something broken."""

    def __init__(self, key, seed):
        self.key, self.random = key, random.Random(seed)
        self.kinds = [self.noise, self.unsigned, self.forged, self.cut, self.no_delimiter, self.bad_header]

    def sign(self, parts):
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()

    def parts(self):
        header = {"msg_id": "%x" % self.random.getrandbits(64), "msg_type": "execute_request", "session": "s",
                  "username": "u", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        content = {"code": "BROKEN_IN = 1", "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}
        return [json.dumps(header).encode(), b"{}", b"{}", json.dumps(content).encode()]

    def noise(self):
        return [self.random.randbytes(self.random.choice([0, 1, 9, 64, 300])) for _ in range(self.random.randint(1, 9))]

    def unsigned(self):
        return [b"<IDS|MSG>", b""] + self.parts()

    def forged(self):
        parts = self.parts()
        signature = bytearray(self.sign(parts))
        signature[self.random.randrange(64)] ^= 1 << self.random.randrange(7)
        return [b"<IDS|MSG>", bytes(signature)] + parts

    def cut(self):
        parts = self.parts()
        whole = [b"<IDS|MSG>", self.sign(parts)] + parts
        return whole[:self.random.randint(1, len(whole) - 1)]

    def no_delimiter(self):
        parts = self.parts()
        return [b"<IDS|MSG", self.sign(parts)] + parts

    def bad_header(self):
        headers = [b"", b"{", b"null", b"[]", b'"msg_type"', b'{"msg_type": 1, "msg_id": "x"}', b'{"msg_type": "x"}',
                   b"\xff\xfe", b"[" * 5000, b'{"msg_id": "x", "msg_type": {}}']
        parts = [self.random.choice(headers)] + self.parts()[1:]
        return [b"<IDS|MSG>", self.sign(parts)] + parts

    def next(self):
        return self.random.choice(self.kinds)()


@needs_jupyter
class Messages(WithSession):
    def test_malformed_ones_change_nothing(self):
        self.session.run("x = 1")
        before = resident(self.pid)
        seed = int(os.environ.get("SEED", time.time()))
        made = Malformed(self.km.session.key, seed)
        sockets = [self.connect(zmq.DEALER, c) for c in ("shell", "control", "stdin")]
        for i in range(MALFORMED):
            sockets[i % 3].send_multipart(made.next())
        heart, published = self.connect(zmq.DEALER, "hb"), self.connect(zmq.XSUB, "iopub")
        for _ in range(100):
            heart.send_multipart(made.noise())
            published.send(b"\1" + made.random.randbytes(9))
            published.send(b"\0" + made.random.randbytes(9))
            published.send(b"\2 no subscription")
        dropped = "a message was dropped"
        self.assertTrue(wait_until(lambda: dropped in self.log()))
        reply, text = self.session.run("print(x, 'BROKEN_IN' in globals())")
        self.assertEqual(text, "1 False\n", "seed %d" % seed)
        self.assertEqual(reply["content"]["execution_count"], 2)
        self.assertLess(self.grown(before), SMALL)
        self.assertLess(self.log().count(dropped), 20)

    def test_signed_nonsense(self):
        """Well-formed for the wire, and not what the specification says stands in it."""
        made, channel = Malformed(self.km.session.key, 1), self.kc.shell_channel.socket
        call = json.dumps({"code": "%chard check --stop-after=syntax", "silent": False}).encode()
        notebooks = [5, {"cells": 5}, {"cells": [5, None, {"source": 7}]}, {"cells": [{"cell_type": "code", "source": [1]}]}]
        odd = [b"", b"{", b"null", b"[]", b"\xff", b"[" * 5000, b'{"code": 5}', b'{"code": "%chard\\u0000", "cursor_pos": -5}',
               b'{"code": "%chard run", "cursor_pos": 99999999}', b'{"code": "%chard ru", "cursor_pos": "x"}', b'{"tags": [5, null]}',
               b'{"cellId": 7}', *(json.dumps({"chard": {"notebook": n}}).encode() for n in notebooks)]
        for kind in "execute_request", "complete_request", "inspect_request", "kernel_info_request", "comm_msg":
            for nonsense in odd:
                for where in 1, 2, 3:  # parent, metadata, content
                    parts = made.parts()
                    parts[0] = parts[0].replace(b"execute_request", kind.encode())
                    parts[3] = call
                    parts[where] = nonsense
                    channel.send_multipart([b"<IDS|MSG>", made.sign(parts)] + parts)
        # Cells that wait behind one that fails are aborted, and these fail.
        self.assertTrue(wait_until(lambda: self.session.run("print(6 * 7)", 120)[1] == "42\n", 60))

    def test_what_is_no_zeromq_at_all(self):
        self.session.run("x = 1")
        for channel in "shell", "control", "stdin", "iopub", "hb":
            port = int(self.km._make_url(channel).rsplit(":", 1)[1])
            for noise in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(100000), b"\xff" + b"\0" * 8 + b"\x7f" + b"\xff" * 1000,
                          b""):
                with socket.create_connection(("127.0.0.1", port)) as s:
                    try:
                        s.sendall(noise)
                    except OSError:  # it has hung up on us, as it should
                        pass
        self.assertEqual(self.session.run("print(x)")[1], "1\n")

    def test_unknown_types_are_the_inner_kernels(self):
        """It answers none of them, and what it is asked next is answered as ever."""
        for i in range(20):
            m = self.kc.session.msg("no_such_%d_request" % i, {})
            self.kc.session.send(self.kc.shell_channel.socket, m)
        self.assertEqual(self.session.run("print(1)")[1], "1\n")
        first = self.kc.kernel_info(reply=True, timeout=30)
        self.assertEqual(first["header"]["username"], "chard")  # not taken for busy ever after

    def test_large_ones(self):
        """Neither half of it is copied, and nothing of it stays."""
        self.session.run("got = []\ndef target(comm, opened):\n    comm.on_msg(lambda m: got.append(len(m['buffers'][0])))\n"
                         "get_ipython().kernel.comm_manager.register_target('t', target)")
        before = resident(self.pid)
        stranger = self.connect(zmq.DEALER, "shell")
        stranger.send(bytes(LARGE), copy=False)
        session, channel = self.kc.session, self.kc.shell_channel.socket
        session.send(channel, session.msg("comm_open", {"comm_id": "k", "target_name": "t", "data": {}}))
        session.send(channel, session.msg("comm_msg", {"comm_id": "k", "data": {}}), buffers=[bytes(LARGE)])
        self.assertEqual(self.session.run("print(got)")[1], "[%d]\n" % LARGE)
        _, text = self.session.run("print('x' * %d)" % (LARGE >> 3))
        self.assertEqual(len(text), (LARGE >> 3) + 1)
        if not SANITIZED:  # which keep what was freed for a while
            self.assertTrue(wait_until(lambda: self.grown(before) < SMALL), self.grown(before))


@needs_jupyter
class Clients(WithSession):
    def test_a_flood_while_others_read_slowly_or_vanish(self):
        before, most = resident(self.pid), [0]
        asleep = self.connect(zmq.SUB, "iopub")  # never reads
        asleep.subscribe(b"")
        gone = subprocess.Popen([sys.executable, "-c", "import sys, time, zmq\ns = zmq.Context().socket(zmq.SUB)\n"
                                 "s.subscribe(b'')\ns.connect(sys.argv[1])\ns.recv()\nprint(flush=True)\ntime.sleep(600)",
                                 self.km._make_url("iopub")], stdout=subprocess.PIPE)
        self.addCleanup(gone.stdout.close)
        done = threading.Event()

        def watch():
            while not done.wait(0.05):
                most[0] = max(most[0], self.grown(before))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.assertTrue(wait_until(lambda: self.session.run("1") and select.select([gone.stdout], [], [], 0.1)[0]))
            killer = threading.Timer(0.3, gone.kill)
            killer.start()
            _, text = self.session.run("for i in range(%d): print(i, flush=True)" % FLOOD, 600)
            killer.join()
        finally:
            done.set()
            watcher.join()
            gone.kill()
            gone.wait()
        self.assertEqual(text, "".join("%d\n" % i for i in range(FLOOD)))  # who reads loses nothing
        self.assertEqual(self.session.run("print('ok')")[1], "ok\n")
        self.assertLess(most[0], 600000)

    def test_clients_that_come_and_go(self):
        before = resident(self.pid)
        fds = len(os.listdir("/proc/%d/fd" % self.pid))
        for i in range(300):
            s = zmq.Context.instance().socket(zmq.DEALER)
            s.linger = 0
            s.connect(self.km._make_url("shell"))
            self.kc.session.send(s, self.kc.session.msg("kernel_info_request", {}))
            if i % 2:
                s.poll(1000)
            s.close()
        self.assertEqual(self.session.run("print('ok')")[1], "ok\n")
        self.assertTrue(wait_until(lambda: len(os.listdir("/proc/%d/fd" % self.pid)) <= fds + 5))
        self.assertLess(self.grown(before), SMALL)
