"""What the tests of templates/step.py share: running steps, chains of steps and the zygote, and the plain interpreter as
the judge of what a notebook computes.
SPDX-License-Identifier: Apache-2.0
"""
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from bytecode import compiled

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = compiled(os.path.join(os.environ.get("CHARD_TEMPLATES", os.path.join(HERE, "..", "..", "templates")), "step.py"))


def has(*modules):
    return all(importlib.util.find_spec(m) for m in modules)


def needs(*modules):
    return unittest.skipUnless(has(*modules), "needs " + ", ".join(modules))


class Done:
    """How a step ended."""

    def __init__(self, code, out, err, directory):
        self.code, self.out, self.err, self.directory = code, out, err, directory

    def json(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as f:
            return json.load(f)

    result = property(lambda self: self.json("result.json"))
    values = property(lambda self: self.json("values.json"))

    def outputs(self, cell):
        return [o for c in self.json("outputs.ipynb")["cells"] if c["metadata"]["chard"]["cell"] == cell
                for o in c["outputs"]]

    def text(self, cell, name="stdout"):
        return "".join(o["text"] for o in self.outputs(cell) if o["output_type"] == "stream" and o["name"] == name)

    def group(self, name):
        return next(g for g in self.values["groups"] if name in g["names"])


class StepCase(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="chard-step-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.book = os.path.join(self.dir, "book")
        os.mkdir(self.book)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def spec(self, step, cells, inputs=(), outputs=(), **more):
        """Writes a specification; `cells` are sources or whole segments, `inputs` (name, step) or whole inputs."""
        segments = [c if isinstance(c, dict) else {"cell": i, "line": 1, "source": c, "replicated": False}
                    for i, c in enumerate(cells)]
        ins = [i if isinstance(i, dict) else {"name": i[0], "from": self.path(i[1]), "optional": False, "mutated": False}
               for i in inputs]
        outs = [o if isinstance(o, dict) else {"name": o, "kind": "data", "optional": False} for o in outputs]
        spec = {"version": 1, "step": step, "notebook": "book.ipynb", "cwd": self.book, "result": self.path(step),
                "segments": segments, "inputs": ins, "outputs": outs, "parameters": {}, "metrics": [], "definitions": [],
                "env": {}}
        spec.update(more)
        where = self.path(step + ".spec.json")
        with open(where, "w", encoding="utf-8") as f:
            json.dump(spec, f)
        return where

    def harness(self, *arguments, timeout=120, **more):
        env = dict(os.environ, PYTHONHASHSEED="0")
        env.update(more.pop("env", {}))
        return subprocess.run([sys.executable, STEP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, env=env, cwd=self.book, **more)

    def run_step(self, step, cells, inputs=(), outputs=(), mode="run", **more):
        process = {k: more.pop(k) for k in ("timeout", "preexec_fn") if k in more}
        p = self.harness(mode, self.spec(step, cells, inputs, outputs, **more), **process)
        return Done(p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"), self.path(step))

    def good(self, step, cells, inputs=(), outputs=(), **more):
        done = self.run_step(step, cells, inputs, outputs, **more)
        self.assertEqual(done.code, 0, done.err)
        return done

    def straight(self, cells):
        """What a plain interpreter prints for the cells: the judge."""
        program = ("import sys, types\nm = types.ModuleType('__main__'); sys.modules['__main__'] = m\n"
                   "for source in %r:\n    exec(compile(source, '<cell>', 'exec'), m.__dict__)\n" % (list(cells),))
        p = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.book,
                           timeout=120, env=dict(os.environ, PYTHONHASHSEED="0"))
        self.assertEqual(p.returncode, 0, p.stderr.decode())
        return p.stdout.decode()

    def chain(self, cells, names, definitions=(), replicated=()):
        """Runs each cell as a step of its own, each with all `names` that are bound before; what they print, together.
        `replicated` are sources that go before every step."""
        printed, bound, last = "", set(), None
        prefix = [{"cell": 100 + i, "line": 1, "source": s, "replicated": True} for i, s in enumerate(replicated)]
        for i, source in enumerate(cells):
            step = "s%d" % i
            inputs = [{"name": n, "from": self.path(last), "optional": True, "mutated": True} for n in sorted(bound)]
            outputs = [{"name": n, "kind": "data", "optional": True} for n in names]
            done = self.good(step, prefix + [{"cell": i, "line": 1, "source": source, "replicated": False}], inputs, outputs,
                             definitions=list(definitions))
            printed += done.out
            bound, last = set(names), step
        return printed

    def keeps(self, cells, names, **more):
        """The promise: as a pipeline the cells print what they print straight."""
        whole = list(more.get("replicated", ())) + list(cells)
        expected = self.straight(whole)
        self.assertTrue(expected, "the case prints nothing")
        self.assertEqual(self.chain(cells, names, **more), expected)


class Zygote:
    """The engine's end of a zygote."""

    def __init__(self, case, preload="", python=sys.executable):
        self.case, self.ended, self.buffer = case, {}, b""
        self.socket, theirs = socket.socketpair()
        fd = theirs.fileno()

        def prepare():
            os.dup2(fd, 3)
            os.set_inheritable(3, True)
            os.closerange(4, 256)
        self.log = open(case.path("zygote.log"), "ab")
        self.process = subprocess.Popen([python, STEP, "zygote", "--preload", preload], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, close_fds=False, preexec_fn=prepare, cwd=case.book,
                                        env=dict(os.environ, PYTHONHASHSEED="0"))
        theirs.close()
        self.log.close()

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def read(self, timeout=30):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            ready = select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise TimeoutError("no answer from the zygote: " + open(self.case.path("zygote.log")).read())
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(open(self.case.path("zygote.log")).read())
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def start(self, ident, spec, log=None):
        self.send({"id": ident, "spec": spec, "log": log or self.case.path("log-%s" % ident)})
        answer = self.read()
        self.case.assertEqual(answer.get("id"), ident)
        self.case.assertIn("pid", answer)
        return answer["pid"]

    def end_of(self, ident, timeout=30):
        """Steps end in any order: what is told of others is kept for those who ask later."""
        while ident not in self.ended:
            answer = self.read(timeout)
            if "exit" in answer or "signal" in answer:
                self.ended[answer["id"]] = answer
        return self.ended.pop(ident)

    def run(self, ident, spec, timeout=30):
        self.start(ident, spec)
        return self.end_of(ident, timeout)

    def close(self):
        self.socket.close()
        try:
            return self.process.wait(15)
        finally:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pids, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(is_alive(p) for p in pids):
        time.sleep(0.01)
    return [p for p in pids if is_alive(p)]


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    return condition()
