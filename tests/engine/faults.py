#!/usr/bin/env python3
"""Steps that go wrong in every way a step can: each is told clearly, harms nothing else, and leaves nothing behind.
SPDX-License-Identifier: Apache-2.0"""
import os
import resource
import signal
import subprocess

from lab import CHARD, Lab, little_memory, on_small_disk, step


def failed(lab, result, name):
    """The error of the one step that failed; the run's exit status is 1 and its log ends properly."""
    assert result.returncode == 1, (result.returncode, result.stdout, result.stderr)
    assert lab.events()[-1]["event"] == "run.end" and lab.events()[-1]["status"] == "failed"
    return lab.ends()[name]["error"]


def after_it(lab):
    """A step that waits for `s` and must not have run."""
    return step("after", "open('after.txt', 'w')\n", after=["s"])


def test_an_exception_is_told_with_cell_and_line():
    with Lab() as lab:
        lab.pipeline(step("s", "a = 1\nb = a / 0\n", cell=4), after_it(lab))
        r = lab.run()
        e = failed(lab, r, "s")
        assert (e["type"], e["cell"], e["line"]) == ("ZeroDivisionError", 4, 2), e
        assert "nb.ipynb, cell 4, line 2: ZeroDivisionError: division by zero" in r.stderr, r.stderr
        assert lab.statuses()["after"] == "skipped" and not os.path.exists(lab.path("after.txt"))


def test_a_step_that_is_killed():
    with Lab() as lab:
        lab.pipeline(step("s", "import os\nos.kill(os.getpid(), 9)\n"))
        e = failed(lab, lab.run(), "s")
        assert "SIGKILL" in e["message"] and "memory" in e["hint"], e
        lab.pipeline(step("s", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"))
        e = failed(lab, lab.run(), "s")
        assert "signal 11" in e["message"] and "Segmentation fault" in e["message"], e


def test_the_oom_killer():
    """The real one. The step that wants too much is ended, and neither the other, nor the zygote, nor chard."""
    hungry = "import os, time\nwhile not os.path.exists('ready'):\n    time.sleep(0.01)\nb = bytes(range(256)) * (4 << 20)\n"
    with Lab() as lab, little_memory(250 << 20) as join:
        lab.pipeline(step("s", hungry), after_it(lab),
                     step("other", "x = bytes(50 << 20)\nopen('ready', 'w')\n", leaves=["x"]),
                     step("next", "import os\nprint(open('/proc/%d/oom_score_adj' % os.getppid()).read(), len(x))\n",
                          needs=[("x", "other")]))
        e = failed(lab, lab.run("-k", preexec_fn=join), "s")
        assert e["type"] == "OutOfMemory" and "memory ran out" in e["message"] and "-j 1" in e["hint"], e
        assert lab.statuses() == {"s": "failed", "after": "skipped", "other": "ok", "next": "ok"}, lab.statuses()
        assert lab.log("next").split() == ["0", str(50 << 20)], lab.log("next")
        lab.wait_for_no_process()


def test_os_exit():
    with Lab() as lab:
        for status in (0, 7):
            lab.pipeline(step("s", "import os\nos._exit(%d)\n" % status), after_it(lab))
            e = failed(lab, lab.run(), "s")
            assert "exit status %d" % status in e["message"], e
            assert not os.path.exists(lab.path("after.txt"))


FAULTS = (  # what a step does, and what is said of it
    ("1/0", "ZeroDivisionError", "division by zero", (3, 2)),
    ("import sys\nsys.exit(3)", "SystemExit", "3", (3, 3)),
    ("raise KeyboardInterrupt", "KeyboardInterrupt", "", (3, 2)),
    ("import os\nos._exit(7)", "Exit", "exit status 7", None),
    ("import os\nos.kill(os.getpid(), 9)", "Killed", "SIGKILL", None),
    ("import ctypes\nctypes.string_at(0)", "Signal", "Segmentation fault", None),
    ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\nb = bytearray(1 << 30)", "MemoryError", "", (3, 4)),
    ("def f(n):\n    return f(n + 1)\nf(0)", "RecursionError", "recursion", (3, 4)),
    ("x = open('nb.json')", "Unserializable", "x", None),
    ("x = (i for i in 'abc')", "Unserializable", "generator", None),
    ("(((", "SyntaxError", "never closed", (3, 2)),
    ("x = '\\udc80'\nprint(x, 1/0)", "ZeroDivisionError", "", (3, 3)),
)


def test_each_fault_is_told_and_harms_no_other_step():
    """The same twice: what was done well is kept, what failed fails the same way, and the log is whole."""
    with Lab() as lab:
        bad = [step("s%d" % i, "ok = 1\n" + source + "\n", leaves=["x"] if "x =" in source else [], cell=3)
               for i, (source, *_) in enumerate(FAULTS)]
        lab.pipeline(*bad, step("good", "y = 1\n", leaves=["y"]), step("more", "z = y\n", needs=[("y", "good")]))
        for again in (False, True):
            r = lab.run("--keep-going")
            assert r.returncode == 1, r.stderr
            assert lab.events()[-1]["event"] == "run.end" and lab.events()[-1]["failed"] == len(FAULTS)
            assert lab.statuses()["good"] == lab.statuses()["more"] == ("cached" if again else "ok")
            for i, (source, kind, words, place) in enumerate(FAULTS):
                end = lab.ends()["s%d" % i]
                e = end["error"]
                assert end["status"] == "failed" and e["type"] == kind and words in e["message"], (source, e)
                assert not place or (e["cell"], e["line"]) == place, (source, e)
                assert place or e.get("hint"), (source, e)
                assert kind in r.stderr
            assert len(lab.cached_results()) == 2
            lab.wait_for_no_process()


def test_one_gigabyte_of_output():
    with Lab() as lab:
        lab.pipeline(step("s", "import os\nblock = b'x' * 1023 + b'\\n'\nblock *= 1024\n"
                               "for i in range(1024):\n    os.write(1, block)\nx = 1\n", leaves=["x"]))
        r = lab.run()
        assert r.returncode == 0, r.stderr
        size = os.path.getsize(lab.ends()["s"]["log"])
        assert (60 << 20) < size < (65 << 20), size
        assert "left out" in lab.log("s")[-300:]


def test_one_gigabyte_printed():
    with Lab() as lab:
        lab.pipeline(step("s", "line = 'x' * (1 << 20)\nfor i in range(1024):\n    print(line)\nx = 1\n", leaves=["x"]))
        r = lab.run()
        assert r.returncode == 0, r.stderr
        assert os.path.getsize(lab.ends()["s"]["log"]) < (65 << 20)
        du = subprocess.run(["du", "-sm", lab.dir], stdout=subprocess.PIPE, text=True).stdout
        assert int(du.split()[0]) < 200, du
        assert lab.ends()["s"]["max_rss"] < 200 << 20, lab.ends()["s"]


DAEMON = """import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    open('daemon', 'w').write(str(os.getpid()))
    time.sleep(600)
os.wait()
while not os.path.exists('daemon') or not open('daemon').read():
    time.sleep(0.01)
"""


def test_daemons_end_with_the_run():
    for more in ([], ["--isolated"]):
        with Lab() as lab:
            lab.pipeline(step("s", DAEMON + "x = 1\n", leaves=["x"]))
            r = lab.run(*more)
            assert r.returncode == 0, r.stderr
            assert not lab.processes(), lab.processes()


def test_daemons_end_with_a_killed_chard():
    for more in ([], ["--isolated"]):
        with Lab() as lab:
            lab.pipeline(step("s", DAEMON + "open('ready', 'w')\ntime.sleep(600)\n"))
            p = lab.start(*more)
            lab.wait_until(lambda: os.path.exists(lab.path("ready")), what="the daemon runs")
            p.kill()
            p.wait()
            lab.wait_for_no_process()


def test_closed_stdout():
    with Lab() as lab:
        lab.pipeline(step("s", "import os, sys\nprint('before', flush=True)\nos.close(1)\nos.close(2)\nx = 1\n", leaves=["x"]),
                     step("t", "import sys\nsys.stdout.close()\nsys.stderr.close()\ny = 1\n", leaves=["y"]))
        r = lab.run()
        assert r.returncode == 0, (r.stderr, lab.ends())
        assert "before" in lab.log("s")


def test_chdir_stays_in_the_step():
    with Lab() as lab:
        os.mkdir(lab.path("below"))
        lab.pipeline(step("s", "import os\nos.chdir('below')\nx = os.getcwd()\n", leaves=["x"]),
                     step("t", "import os\nassert os.getcwd() + '/below' == x, (os.getcwd(), x)\n", needs=[("x", "s")]))
        r = lab.run("-j1")
        assert r.returncode == 0, r.stderr


def test_a_hanging_step_is_ended_by_its_timeout():
    with Lab() as lab:
        stubborn = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n"
        # The second gets time to have begun on a busy machine, and is killed 3 s after it was asked to end.
        for source, timeout, least in (("import time\ntime.sleep(600)\n", 1, 1), (stubborn, 3, 6)):
            for more in ([], ["--isolated"]):
                lab.pipeline(step("s", source, timeout=timeout), after_it(lab))
                e = failed(lab, lab.run(*more), "s")
                assert e["type"] == "Timeout" and "%d s" % timeout in e["message"] and "timeout:" in e["hint"], e
                assert lab.statuses() == {"s": "timeout", "after": "skipped"}
                assert least <= lab.ends()["s"]["seconds"] < least + 30, lab.ends()["s"]
                lab.wait_for_no_process()


def run_out_of_disk():
    with Lab() as lab:
        lab.pipeline(step("small", "open('small.txt', 'a').write('x')\nx = 1\n", leaves=["x"]),
                     step("s", "y = bytes(16 << 20)\n", needs=[("x", "small")], leaves=["y"]))
        r = lab.run()
        assert r.returncode in (1, 3), r
        assert "No space left" in r.stderr, r.stderr
        assert lab.events()[-1]["event"] == "run.end" and lab.events()[-1]["status"] == "failed"
        results = lab.cached_results()
        assert len(results) == 1, results  # the small one, whole
        assert lab.statuses() == {"small": "ok", "s": "failed"}, lab.statuses()
        r = lab.run()
        assert "small … cached" in r.stderr and lab.read("small.txt") == "x", r.stderr


def test_a_full_disk():
    on_small_disk("8m", run_out_of_disk)


def begin_without_disk():
    with Lab() as lab:
        lab.pipeline(step("s", "x = 1\n", leaves=["x"]))
        with open(lab.path("filler"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        r = lab.run()
        assert r.returncode == 3 and "No space left" in r.stderr, (r.returncode, r.stderr)
        os.remove(lab.path("filler"))
        assert lab.run().returncode == 0


def test_a_disk_that_is_full_from_the_start():
    on_small_disk("4m", begin_without_disk)


def test_a_file_size_limit():
    """As `ulimit -f` sets it: a value that is larger can't be written, and that is all."""
    with Lab() as lab:
        lab.pipeline(step("small", "x = 1\n", leaves=["x"]),
                     step("s", "y = bytes(16 << 20)\n", needs=[("x", "small")], leaves=["y"]))
        r = lab.run(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20)))
        e = failed(lab, r, "s")
        assert "File too large" in e["message"], e
        assert lab.statuses()["small"] == "ok"
        assert lab.run().returncode == 0 and lab.statuses() == {"small": "cached", "s": "ok"}


def test_the_notebook_disappears_in_mid_run():
    with Lab() as lab:
        lab.write("nb.ipynb", "{}")
        lab.pipeline(step("s", "import os\nos.remove('nb.ipynb')\nos.remove('nb.json')\nx = 1\n", leaves=["x"]),
                     step("t", "y = x\n", needs=[("x", "s")]))
        r = lab.run()
        assert r.returncode == 0, r.stderr


def test_the_state_disappears_in_mid_run():
    with Lab() as lab:
        lab.pipeline(step("s", "import shutil\nshutil.rmtree('.chard')\nx = 1\n", leaves=["x"]),
                     step("t", "y = x\n", needs=[("x", "s")]))
        r = lab.run()
        assert r.returncode in (1, 3) and r.stderr.strip(), r
        assert "No such file" in r.stderr, r.stderr


def test_strange_step_names():
    with Lab() as lab:
        names = ["a/b", "../up", "new\nline", "tab\t\x1b[31mred", "ümläut 漢字", "x" * 300, "..", "-rf", "%s%n"]
        lab.pipeline(*[step(n, "x%d = %d\n" % (i, i), leaves=["x%d" % i]) for i, n in enumerate(names)],
                     step("last", "assert [%s] == list(range(%d))\n" % (", ".join("x%d" % i for i in range(len(names))),
                                                                        len(names)),
                          needs=[("x%d" % i, n) for i, n in enumerate(names)]))
        r = lab.run()
        assert r.returncode == 0, r.stderr
        assert "\x1b" not in r.stderr and "\nline" not in r.stderr
        assert sorted(lab.statuses()) == sorted(names + ["last"])
        assert lab.chard("runs", "logs", "latest", "a/b").returncode == 0


def test_retries_wait_and_then_work():
    with Lab() as lab:
        lab.pipeline(step("s", "n = len(open('tries', 'a+').read()) if False else 0\nopen('tries', 'a').write('x')\n"
                               "if len(open('tries').read()) < 3:\n    raise RuntimeError('not yet')\nx = 1\n", leaves=["x"]))
        r = lab.run("--retries", "2")
        assert r.returncode == 0 and lab.read("tries") == "xxx", r.stderr
        retries = [e for e in lab.events() if e["event"] == "step.retry"]
        assert [e["attempt"] for e in retries] == [1, 2]
        assert retries[0]["error"]["message"] == "not yet"
        assert 0.2 < retries[0]["delay"] < 0.8 and 0.4 < retries[1]["delay"] < 1.6, retries
        begins = [e["time"] for e in lab.events() if e["event"] == "step.begin"]
        for retry, again in zip(retries, begins[1:]):
            assert again - retry["time"] >= retry["delay"] - 0.01, (retry, again)
        assert lab.ends()["s"]["attempt"] == 3


def test_a_failure_ends_the_others_unless_told_to_keep_going():
    with Lab() as lab:
        lab.pipeline(step("bad", "import os, time\nwhile not os.path.exists('slow'):\n    time.sleep(0.01)\n1/0\n"),
                     step("slow", "import os, time\nopen('slow', 'w')\n"
                                  "while not os.path.exists('go'):\n    time.sleep(0.01)\nx = 1\n", leaves=["x"]),
                     step("next", "x\n", needs=[("x", "slow")]), step("behind", "pass\n", after=["bad"]))
        assert lab.run("-j2").returncode == 1
        assert lab.statuses() == {"bad": "failed", "slow": "canceled", "next": "skipped", "behind": "skipped"}
        lab.write("go", "")
        assert lab.run("-j2", "--keep-going").returncode == 1
        assert lab.statuses() == {"bad": "failed", "slow": "ok", "next": "ok", "behind": "skipped"}


def test_the_zygote_is_killed():
    with Lab() as lab:
        lab.pipeline(step("s", "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n"),
                     step("t", "x = 1\n", leaves=["x"]))
        r = lab.run("-j1", "--keep-going", timeout=50)
        e = failed(lab, r, "s")
        assert e["type"] == "Lost", e
        assert lab.statuses()["t"] == "ok"
        lab.wait_for_no_process()


def begun(lab, name):
    return lab.runs() and any(e["event"] == "step.begin" and e["step"] == name for e in lab.events())


def test_ctrl_c_cancels_and_leaves_nothing():
    for more in ([], ["--isolated"]):
        for signals in (signal.SIGINT, signal.SIGTERM):
            with Lab() as lab:
                lab.pipeline(step("a", "x = 1\n", leaves=["x"]),
                             step("s", "import subprocess\nsubprocess.run(['sh', '-c', 'touch ready; sleep 600'])\n",
                                  needs=[("x", "a")]), after_it(lab))
                p = lab.start(*more, start_new_session=True)
                lab.wait_until(lambda: os.path.exists(lab.path("ready")), what="step s runs")
                os.killpg(p.pid, signals)  # as a terminal does: to the whole group
                assert p.wait(30) == 1
                lab.wait_for_no_process()
                assert lab.statuses() == {"a": "ok", "s": "canceled", "after": "skipped"}, lab.statuses()
                assert lab.events()[-1]["event"] == "run.end" and lab.events()[-1]["status"] == "canceled"


def test_a_second_ctrl_c_kills_at_once():
    for more in ([], ["--isolated"]):
        with Lab() as lab:
            lab.pipeline(step("s", "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                                   "open('ready', 'w')\ntime.sleep(600)\n"))
            p = lab.start(*more)
            lab.wait_until(lambda: os.path.exists(lab.path("ready")), what="step s ignores SIGTERM")
            p.send_signal(signal.SIGTERM)
            lab.wait_until(lambda: any(e["event"] == "run.cancel" for e in lab.events()), what="the first is understood")
            p.send_signal(signal.SIGTERM)
            assert p.wait(30) == 1
            end = lab.events()[-1]
            assert end["status"] == "canceled" and lab.statuses() == {"s": "canceled"}
            first = next(e["time"] for e in lab.events() if e["event"] == "run.cancel")
            assert end["time"] - first < 2.5, "it waited for SIGTERM's grace to end"
            lab.wait_for_no_process()


def test_standard_output_closed_by_the_reader():
    with Lab() as lab:
        lab.pipeline(*[step("s%d" % i, "x = 1\n") for i in range(20)])
        p = subprocess.Popen(lab.command("--json-events"), env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        p.stdout.close()
        p.wait(60)
        assert lab.events()[-1]["status"] == "ok"
        assert set(lab.statuses().values()) == {"ok"}


def test_bad_calls_are_told_apart():
    with Lab() as lab:
        lab.pipeline(step("s", "N\n", parameters=["N"]), parameters=[("N", "int", 1)])
        for arguments, status, text in (
                (["-p", "M=1"], 2, "did you mean “N”"), (["-p", "N"], 2, "NAME=VALUE"), (["-p", "N=x"], 2, "int"),
                (["-j", "-1"], 2, "negative"), (["--python", "/nowhere/python"], 3, "/nowhere/python"),
                (["--params-file", "/nowhere.json"], 3, "/nowhere.json")):
            r = lab.run(*arguments)
            assert r.returncode == status and text in r.stderr, (arguments, r.returncode, r.stderr)
        assert lab.runs() == []
        r = subprocess.run([CHARD, "run", lab.path("nowhere.json")], stderr=subprocess.PIPE, text=True)
        assert r.returncode == 3 and "nowhere.json" in r.stderr, r
