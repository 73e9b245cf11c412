#!/usr/bin/env python3
"""What is run again and what is not, and whether the reason that is told is the right one.
SPDX-License-Identifier: Apache-2.0"""
import json
import os
import pickle
import time

from lab import Lab, step

# Appends a line to trace.txt whenever it really runs: the only witness that counts.
TRACE = "open('trace.txt', 'a').write({!r} + '\\n')\n"


def traced(name, source, **more):
    return step(name, TRACE.format(name) + source, **more)


def chain(n=5, b="y = sum(x)\n", c="z = y * 2\n"):
    return [traced("a", "x = list(range(N))\n", leaves=["x"], parameters=["N"]),
            traced("b", b, needs=[("x", "a")], leaves=["y"], cell=1),
            traced("c", c, needs=[("y", "b")], leaves=["z"], cell=2)]


def ran(lab):
    """Steps that ran since the last call."""
    path = lab.path("trace.txt")
    names = lab.read("trace.txt").split() if os.path.exists(path) else []
    if os.path.exists(path):
        os.remove(path)
    return names


def value(lab, name, of):
    """A value as it lies in the result, read without step.py."""
    result = lab.ends()[of]["result"]
    with open(result + "/values.json") as f:
        groups = json.load(f)["groups"]
    group = next(g for g in groups if g["names"] == [name])
    with open(result + "/values.bin", "rb") as f:
        f.seek(group["pickle"][0])
        loaded = pickle.loads(f.read(group["pickle"][1]))
    return loaded[name] if isinstance(loaded, dict) else loaded


def why(lab, name):
    events = [e for e in lab.events() if e.get("step") == name and "why" in e]
    return events[-1]["why"]


def test_a_second_run_runs_nothing_and_starts_no_python():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        assert lab.run().returncode == 0
        assert ran(lab) == ["a", "b", "c"]
        assert value(lab, "z", "c") == 20
        r = lab.run()
        assert r.returncode == 0 and ran(lab) == [], r.stderr
        assert set(lab.statuses().values()) == {"cached"}
        assert not os.path.exists(lab.path(".chard/runs", lab.runs()[-1], "zygote.log"))


def test_a_changed_parameter_runs_what_uses_it_and_is_named():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        lab.run()
        ran(lab)
        lab.run("-p", "N=6")
        assert ran(lab) == ["a", "b", "c"]
        assert value(lab, "z", "c") == 30
        assert why(lab, "a") == "parameter N: 5 is now 6", why(lab, "a")
        assert why(lab, "b") == "input x changed", why(lab, "b")
        lab.run("-p", "N=5")
        assert ran(lab) == []  # both results are kept


def test_changed_code_is_named_by_its_line():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        lab.run()
        ran(lab)
        lab.pipeline(*chain(c="z = y * 3\n"), parameters=[("N", "int", 5)])
        lab.run()
        assert ran(lab) == ["c"]
        assert why(lab, "c") == "cell 2, line 2: `z = y * 2` is now `z = y * 3`", why(lab, "c")
        assert value(lab, "z", "c") == 30


def test_equal_results_stop_the_rerun():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        lab.run()
        ran(lab)
        lab.pipeline(*chain(b="y = sum(x) + 0\n"), parameters=[("N", "int", 5)])
        lab.run()
        assert ran(lab) == ["b"]
        assert lab.statuses() == {"a": "cached", "b": "ok", "c": "cached"}


def test_no_cache_runs_all_and_later_runs_see_the_new_results():
    with Lab() as lab:
        lab.pipeline(traced("a", "import time; t = time.time_ns()\n", leaves=["t"]),
                     traced("b", "u = t\n", needs=[("t", "a")], leaves=["u"]))
        lab.run()
        first = value(lab, "u", "b")
        lab.run("--no-cache")
        assert ran(lab) == ["a", "b", "a", "b"]
        second = value(lab, "u", "b")
        assert second > first
        lab.run()
        assert ran(lab) == [] and value(lab, "u", "b") == second


def test_from_runs_a_step_and_what_depends_on_it():
    with Lab() as lab:
        lab.pipeline(*chain(), traced("d", "pass\n"), parameters=[("N", "int", 5)])
        lab.run()
        ran(lab)
        assert lab.run("--from", "b").returncode == 0
        assert ran(lab) == ["b", "c"]
        assert lab.run("--from", "nope").returncode == 2


def test_only_runs_one_step_on_what_is_there():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        r = lab.run("--only", "b")
        assert r.returncode == 2 and "step a" in r.stderr, r.stderr
        assert ran(lab) == []
        lab.run()
        ran(lab)
        assert lab.run("--only", "b").returncode == 0
        assert ran(lab) == ["b"]
        assert lab.statuses() == {"a": "cached", "b": "ok", "c": "skipped"}
        assert lab.run("--only", "b", "--no-cache").returncode == 0
        assert ran(lab) == ["b"]


def test_a_step_whose_cache_is_off_always_runs():
    with Lab() as lab:
        lab.pipeline(traced("a", "x = 1\n", leaves=["x"], cache=False), traced("b", "x\n", needs=[("x", "a")]))
        lab.run()
        lab.run()
        assert ran(lab) == ["a", "b", "a"]


def test_a_local_module_is_part_of_the_code():
    with Lab() as lab:
        lab.write("helper.py", "import deeper\ndef f():\n    return deeper.N\n")
        lab.write("deeper.py", "N = 1\n")
        lab.pipeline(traced("a", "import helper\nx = helper.f()\n", leaves=["x"], imports=["helper"]))
        lab.run()
        lab.run()
        assert ran(lab) == ["a"]
        time.sleep(0.01)
        lab.write("deeper.py", "N = 22\n")
        lab.run()
        assert ran(lab) == ["a"] and value(lab, "x", "a") == 22
        assert why(lab, "a") == "module deeper.py changed", why(lab, "a")


def test_a_file_that_is_read_is_an_input():
    with Lab() as lab:
        lab.write("in.txt", "one")
        lab.pipeline(traced("a", "x = open('in.txt').read()\n", leaves=["x"], files_read=["in.txt"]))
        lab.run()
        lab.write("in.txt", "two")  # the same length, maybe the same second
        lab.run()
        assert ran(lab) == ["a", "a"] and value(lab, "x", "a") == "two"
        assert why(lab, "a") == "file in.txt changed", why(lab, "a")
        os.remove(lab.path("in.txt"))
        assert lab.run().returncode == 1


def test_files_travel_with_cached_results():
    with Lab() as lab:
        def steps(more=""):
            return [traced("w", "import os\nos.makedirs('out', exist_ok=True)\nopen('out/f.csv', 'w').write('1,2')\n",
                           files_written=["out/f.csv"]),
                    traced("r", "x = open('out/f.csv').read()\n" + more, after=["w"], leaves=["x"],
                           files=[{"path": "out/f.csv", "from": "w"}])]
        lab.pipeline(*steps())
        lab.run()
        ran(lab)
        os.remove(lab.path("out/f.csv"))
        lab.pipeline(*steps("y = 1\n"))
        r = lab.run()
        assert r.returncode == 0, r.stderr
        assert ran(lab) == ["r"] and value(lab, "x", "r") == "1,2"
        os.remove(lab.path("out/f.csv"))
        lab.run()
        assert ran(lab) == [] and lab.read("out/f.csv") == "1,2"  # as after running the notebook


def test_a_broken_cache_entry_is_not_believed():
    with Lab() as lab:
        lab.pipeline(*chain(), parameters=[("N", "int", 5)])
        lab.run()
        ran(lab)
        with open(lab.ends()["b"]["result"] + "/values.bin", "r+b") as f:
            f.truncate(1)
        lab.run()
        assert ran(lab) == ["b"] and lab.statuses()["c"] == "cached"
        assert value(lab, "y", "b") == 10


def test_an_entry_of_another_boot_is_checked_before_it_is_used():
    with Lab() as lab:
        big = "x = bytes(9 << 20)\ny = 5\n"
        lab.pipeline(traced("a", big, leaves=["x", "y"]))
        lab.run()
        ran(lab)
        result = lab.ends()["a"]["result"]

        def pretend_other_boot():
            text = open(result + "/entry.json").read()
            boot = open("/proc/sys/kernel/random/boot_id").read().strip()
            assert boot in text
            open(result + "/entry.json", "w").write(text.replace(boot, "0" * len(boot)))
        pretend_other_boot()
        lab.run()
        assert ran(lab) == []  # sound
        pretend_other_boot()
        with open(result + "/values.bin", "r+b") as f:  # as a crash leaves it: the right size, but zeroes
            size = os.path.getsize(result + "/values.bin")
            f.write(bytes(size))
        lab.run()
        assert ran(lab) == ["a"] and value(lab, "y", "a") == 5


def test_gc_removes_the_least_recently_used():
    with Lab() as lab:
        lab.pipeline(traced("a", "x = bytes(1 << 20)\n", leaves=["x"]), name="nb")
        lab.pipeline(traced("b", "x = bytes(1 << 20) + b'!'\n", leaves=["x"]), name="other")
        lab.run()
        lab.run(name="other")
        lab.run()
        ran(lab)
        r = lab.chard("runs", "gc", "--max-size", "1500K")
        assert r.returncode == 0 and "removed 1 results" in r.stdout, r.stdout + r.stderr
        lab.run()
        lab.run(name="other")
        assert ran(lab) == ["b"]


def test_the_cache_keeps_its_size_by_itself():
    with Lab() as lab:
        for i in range(4):
            lab.pipeline(traced("a", "x = bytes(1 << 20)\ni = %d\n" % i, leaves=["x", "i"]))
            assert lab.run("--max-size", "2500K").returncode == 0
        assert len(lab.cached_results()) == 2, lab.cached_results()


def told_size(lab):
    return int(lab.read(".chard/cache/.size"))


def true_size(lab):
    return sum(os.path.getsize(os.path.join(folder, f)) for e in lab.cached_results()
               for folder, _, files in os.walk(lab.path(".chard/cache", e)) for f in files)


def test_the_size_that_is_remembered_is_never_less_than_the_true_one():
    with Lab() as lab:
        def run(i, *options):
            lab.pipeline(traced("a", "x = bytes(1 << 20)\ni = %d\n" % i, leaves=["x", "i"]))
            assert lab.run(*options).returncode == 0
            return told_size(lab)
        assert run(0) == true_size(lab) > 1 << 20
        run(1)
        assert run(2) == true_size(lab) > 3 << 20
        lab.write(".chard/cache/.size", "%d\n" % (50 << 20))     # as if a process had been killed before it stored
        assert run(3, "--max-size", "60M") > 51 << 20 and len(lab.cached_results()) == 4
        assert run(4, "--max-size", "10M") == true_size(lab) and len(lab.cached_results()) == 5
        for broken in ("", "many\n", "9" * 40 + "\n", "-5\n", "12"):
            lab.write(".chard/cache/.size", broken)
            assert run(0, "--no-cache") == true_size(lab), broken
        os.remove(lab.path(".chard/cache/.size"))
        assert run(0, "--no-cache", "--max-size", "2500K") == true_size(lab) and len(lab.cached_results()) == 2


def test_the_cache_keeps_the_size_that_the_environment_says():
    with Lab() as lab:
        lab.env["CHARD_CACHE_SIZE"] = "2500K"
        for i in range(4):
            lab.pipeline(traced("a", "x = bytes(1 << 20)\ni = %d\n" % i, leaves=["x", "i"]))
            assert lab.run().returncode == 0
        assert len(lab.cached_results()) == 2
        lab.env["CHARD_CACHE_SIZE"] = "100K"
        r = lab.chard("runs", "gc")
        assert r.returncode == 0 and "removed 2 results (2.0 MiB); 0 are left" in r.stdout, r.stdout + r.stderr
        lab.env["CHARD_CACHE_SIZE"] = "some"
        for r in (lab.run(), lab.chard("runs", "gc")):
            assert r.returncode == 2 and "CHARD_CACHE_SIZE: “some” is no size" in r.stderr, r.stderr


def test_gc_waits_for_no_run_and_harms_none():
    with Lab() as lab:
        lab.pipeline(traced("a", "x = 1\n", leaves=["x"]),
                     traced("b", "import os, time\nopen('ready', 'w')\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n",
                            needs=[("x", "a")]))
        p = lab.start()
        lab.wait_until(lambda: os.path.exists(lab.path("ready")), what="b runs")
        r = lab.chard("runs", "gc", "--max-size", "0")
        assert r.returncode == 1 and "a run is going on" in r.stderr, r.stderr
        r = lab.chard("runs", "rm", "latest")
        assert r.returncode == 1 and "still goes on" in r.stderr, r.stderr
        assert json.loads(lab.chard("runs", "list", "--format=json").stdout)[0]["status"] == "running"
        lab.write("go", "")
        assert p.wait(60) == 0
        r = lab.chard("runs", "gc", "--max-size", "0")
        assert r.returncode == 0 and "removed 2 results" in r.stdout, r.stdout + r.stderr
        for command in (["show"], ["logs", "latest", "a"], ["report"], ["list"]):    # what is told of a run outlives its values
            r = lab.chard("runs", *command)
            assert r.returncode == 0, (command, r.stderr)
        ran(lab)
        assert lab.run().returncode == 0 and ran(lab) == ["a", "b"]
        assert why(lab, "a") == "its result is no longer in the cache"


def test_what_was_never_finished_goes_first():
    with Lab() as lab:
        lab.pipeline(traced("a", "x = 1\n", leaves=["x"]))
        lab.run()
        for name in ("doomed-0", "f" * 64):
            os.mkdir(lab.path(".chard/cache", name))
            with open(lab.path(".chard/cache", name, "values.bin"), "wb") as f:
                f.write(bytes(1000))
        half = lab.path(".chard/runs", lab.runs()[0], "steps", "00-a", "result.tmp-12")
        os.mkdir(half)
        assert "removed 2 results" in lab.chard("runs", "gc").stdout
        assert not os.path.exists(half)
        ran(lab)
        lab.run()
        assert ran(lab) == []


def test_rm_and_keep():
    with Lab() as lab:
        lab.pipeline(traced("a", "x = 1\n", leaves=["x"]))
        for _ in range(4):
            assert lab.run().returncode == 0
        first, second, third, fourth = lab.runs()
        assert lab.chard("runs", "rm", first, third).returncode == 0
        assert lab.runs() == [second, fourth]
        r = lab.chard("runs", "rm", third)
        assert r.returncode == 2 and "there is no run" in r.stderr, r.stderr
        assert lab.chard("runs", "rm").returncode == 2
        assert [r["run"] for r in json.loads(lab.chard("runs", "list", "--format=json").stdout)] == [fourth, second]
        r = lab.chard("runs", "gc", "--keep", "1", "--format=json")
        assert json.loads(r.stdout)["runs_removed"] == 1 and lab.runs() == [fourth], r.stdout
        ran(lab)
        assert lab.run().returncode == 0 and ran(lab) == []     # results have a life of their own


def test_show_tells_why_each_step_ran_or_did_not():
    def lines(lab):
        r = lab.chard("runs", "show")
        assert r.returncode == 0, r.stderr
        return {line.split()[0]: line for line in r.stdout.split("steps\n")[1].splitlines() if line.startswith("  ")}

    def pipeline(lab, c="z = y * 2\n"):
        lab.pipeline(*chain(c=c), traced("d", "open('in.txt').read()\n", files_read=["in.txt"]), parameters=[("N", "int", 5)])

    with Lab() as lab:
        lab.write("in.txt", "1")
        pipeline(lab)
        lab.run()
        assert all(line.endswith("it has not run before") for line in lines(lab).values()), lines(lab)
        lab.run()
        assert all(" cached " in line and line.endswith("nothing it depends on has changed") for line in lines(lab).values())
        lab.write("in.txt", "22")
        lab.run("-p", "N=6")
        told = lines(lab)
        assert told["a"].endswith("parameter N: 5 is now 6") and told["b"].endswith("input x changed"), told
        assert told["d"].endswith("file in.txt changed"), told
        pipeline(lab, c="z = y * 3\n")
        lab.run()
        told = lines(lab)
        changed = "cell 2, line 2: `z = y * 2` is now `z = y * 3`"
        assert changed in told["c"], told
        assert " cached " in told["a"] and " cached " in told["b"], told
        shown = json.loads(lab.chard("runs", "show", "--format=json").stdout)
        assert [changed in s["why"] for s in shown["steps"] if s["step"] == "c"] == [True]
        lab.run("--from", "c")
        assert lines(lab)["c"].endswith("--from asks for it")
