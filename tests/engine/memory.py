#!/usr/bin/env python3
"""Steps are admitted by memory: by what limit:memory says, or by what they used before, on a machine of a size that
CHARD_MEMORY pretends.
SPDX-License-Identifier: Apache-2.0"""
import os

from lab import Lab, little_memory, step

# Both wait for each other, for a while: they meet if, and only if, they run at the same time.
MEET = """import os, time
open({0!r}, 'w')
end = time.monotonic() + {2}
while not os.path.exists({1!r}) and time.monotonic() < end:
    time.sleep(0.005)
open('met' if os.path.exists({1!r}) and not os.path.exists('apart') else 'apart', 'w')
os.remove({0!r})
"""


def pair(seconds=1, more="", **limits):
    settings = {name: {"limits": {"memory": size}} for name, size in limits.items()}
    return [step("a", more + MEET.format("here_a", "here_b", seconds), **settings.get("a", {})),
            step("b", more + MEET.format("here_b", "here_a", seconds), **settings.get("b", {}))]


def overlapped(lab):
    """From the log: whether one began while the other ran."""
    times = {}
    for e in lab.events():
        if e["event"] in ("step.begin", "step.end"):
            times.setdefault(e["step"], []).append(e["time"])
    (a_begin, a_end), (b_begin, b_end) = times["a"], times["b"]
    return a_begin < b_end and b_begin < a_end


def test_control_groups_limit_what_steps_may_use():
    """Of either version, whichever this machine has: the run itself takes some of it."""
    with Lab() as lab, little_memory(400 << 20) as join:
        lab.pipeline(step("a", "x = 1"))
        assert lab.run(preexec_fn=join).returncode == 0
        memory = lab.events()[0]["memory"]
        assert 250 << 20 < memory <= 360 << 20, memory


def test_two_that_fit_run_together():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "1G"
        lab.pipeline(*pair(60, a="400Mi", b="500M"))
        assert lab.run("-j2").returncode == 0
        assert overlapped(lab) and os.path.exists(lab.path("met"))


def test_two_that_do_not_fit_wait_for_each_other():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "1Gi"
        lab.pipeline(*pair(a="0.6Gi", b="615Mi"))
        r = lab.run("-j2")
        assert r.returncode == 0, r.stderr
        assert not overlapped(lab) and not os.path.exists(lab.path("met"))
        begins = {e["step"]: e for e in lab.events() if e["event"] == "step.begin"}
        assert begins["b"]["memory"] == 615 << 20, begins


def test_one_that_is_too_large_runs_alone_with_a_warning():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "1G"
        lab.pipeline(*pair(a="2G"))     # b says nothing, and would fit beside anything else
        r = lab.run("-j2")
        assert r.returncode == 0, r.stderr
        assert not overlapped(lab)
        assert "note: step a asks for 2.00 GiB of memory, more than the 1.00 GiB that steps may use here" in r.stderr, r.stderr
        assert r.stderr.count("note:") == 1, r.stderr


def test_what_earlier_runs_used_counts():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "500M"
        hungry = "block = bytearray(300 << 20)\nfor i in range(0, len(block), 4096):\n    block[i] = 1\n"
        lab.pipeline(*pair(10, hungry))
        assert lab.run("-j2").returncode == 0
        assert overlapped(lab)          # nothing is known yet
        assert all(e["max_rss"] > 300 << 20 for e in lab.ends().values())
        for lost in (False, True):
            if lost:
                os.remove(lab.path(".chard/index.sqlite"))      # the logs know it too
            lab.pipeline(*pair(0.5, hungry))
            assert lab.run("-j2", "--no-cache").returncode == 0
            assert not overlapped(lab)


def test_a_killed_step_is_tried_again_alone():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "1G"
        dies_once = "import os\nif not os.path.exists('once'):\n    open('once', 'w')\n    os.kill(os.getpid(), 9)\n"
        lab.pipeline(step("a", dies_once), step("b", "pass"))
        r = lab.run("--retries", "1", "-k")
        assert r.returncode == 0, r.stderr
        begins = [e for e in lab.events() if e["event"] == "step.begin" and e["step"] == "a"]
        assert "memory" not in begins[0] and begins[1]["memory"] == 1 << 30, begins


def test_a_size_that_is_none():
    with Lab() as lab:
        lab.env["CHARD_MEMORY"] = "plenty"
        lab.pipeline(step("a", "pass"))
        r = lab.run()
        assert r.returncode == 2 and "CHARD_MEMORY: “plenty” is no size" in r.stderr, r.stderr
