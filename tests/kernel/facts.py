"""What the session knows of its variables, commands of the session know too, as long as the notebook begins as it did.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import unittest

from magic import Magic
from session import Session, wait_until

BOX = """looked = []


class Meta(type):
    def __getattribute__(cls, name):
        looked.append(name)
        return type.__getattribute__(cls, name)


class Sly(metaclass=Meta):
    def __getattribute__(self, name):
        looked.append(name)
        return object.__getattribute__(self, name)


class Box:
    def __init__(self):
        self.items = [1]

    def pop(self):
        return 1


def make():
    return Box()


def count():
    yield 1
"""
# The table of effects is told that pop of a Box changes nothing; that b is one, no text says.
CELLS = ["#| step: make\nimport box\nb = box.make()", "#| step: use\nn = b.pop()", "#| step: read\nprint(b.items)"]


class Facts(Magic):
    @classmethod
    def start(cls):
        for name, text in ("box.py", BOX), ("chard.yaml", "effects:\n  box.Box.pop: fresh\n"):
            with open(os.path.join(cls.dir, name), "w") as f:
                f.write(text)
        cls.session = Session(env=cls.env)

    env = {}

    def execute(self, *cells):
        for source in cells:
            told = self.run_cell(source)
            self.assertEqual(told.reply["status"], "ok", told.reply)

    def producer(self, options=""):
        """The step that leaves b for the one named read."""
        document = json.loads(self.run_cell("%chard compile --stop-after=link " + options, store_history=False).text())
        inputs, = [s["inputs"] for s in document["steps"] if s["name"] == "read"]
        return [i["from"] for i in inputs if i["name"] == "b"]

    def watched(self, expression):
        return self.value("[%s for c in __import__('chard_helper').watched.cells]" % expression)


class Known(Facts):
    def test_while_the_notebook_is_what_ran(self):
        self.execute("", "# nothing", CELLS[0], "%chard graph", *CELLS[1:])
        self.assertEqual((self.producer(), self.producer("--no-learned")), (["make"], ["use"]))
        # what can't travel is told before a run
        self.execute("#| step: generate\ng = box.count()", "#| step: generated\nprint(next(g))")
        told = self.run_cell("%chard check --stop-after=link --format=json", store_history=False)
        self.assertIn("unserializable", [d["rule"] for d in json.loads(told.text())], told.text())
        # no code of values is run
        self.execute("s = box.Sly()\nbox.looked.clear()")
        self.assertEqual(self.value("box.looked"), "[]")
        self.assertEqual(self.watched("sorted(c['values'])"), "[[], ['b'], ['n'], [], ['g'], [], ['s']]")
        # from a cell that failed on nothing more is known, and what is stays
        self.run_cell("1/0")
        self.execute("b = box.make()")
        self.assertEqual(self.watched("len(c['values'])"), "[0, 1, 1, 0, 1, 0, 1]")
        self.assertEqual(self.producer(), ["make"])


class Hidden(Facts):
    def test_nothing_is_known_after_what_the_notebook_does_not_have(self):
        self.run_cell("x = 1", store_history=False)
        self.execute(*CELLS)
        self.assertEqual(self.producer(), ["use"])


@unittest.skipUnless(os.environ.get("CHARD_TESTS") == "all", "asks a Python for all its packages: with CHARD_TESTS=all")
class Warm(Facts):
    env = {"CHARD_KERNEL_WARM": "1"}

    def test_packages_are_known_before_anybody_asks(self):
        notes = os.path.join(self.session.home, "cache", "chard", "environment-*.json")
        self.assertTrue(wait_until(lambda: glob.glob(notes), 300))
        self.assertTrue(wait_until(lambda: not glob.glob(self.session.home + "/chard-kernel-*/warm.ipynb")))


class Off(Facts):
    env = {"CHARD_KERNEL_OBSERVE": "0"}

    def test_it_can_be_switched_off(self):
        self.execute(*CELLS)
        self.assertEqual(self.producer(), ["use"])
