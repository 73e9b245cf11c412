"""Runs a file of tests and prints TAP, so that Python tests count like the others: tap.py TESTFILE [WORD…].

Tests are unittest cases, or plain functions test_*. With words, only those whose name has one of them are run. A file
in which there is nothing to run is a failure.
SPDX-License-Identifier: Apache-2.0
"""
import importlib.util
import os
import resource
import sys
import time
import unittest


class TapResult(unittest.TestResult):
    """Prints each test's line as it ends; a failure's traceback follows as comments."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0

    def line(self, ok, test, note="", detail=""):
        self.count += 1
        text = "%s %d - %s%s\n" % ("ok" if ok else "not ok", self.count, test.id().replace("#", "_"), note)
        text += "".join("#   %s\n" % part for part in detail.splitlines())
        self.out.write(text)
        self.out.flush()

    def addSuccess(self, test):
        self.line(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(False, test, detail=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line(False, test, detail=self.errors[-1][1])

    def addSkip(self, test, reason):
        self.line(True, test, " # SKIP " + reason)

    def addExpectedFailure(self, test, err):
        self.line(True, test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.line(False, test, detail="passed, though it is marked to fail")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.line(False, subtest, detail=self._exc_info_to_string(err, test))


def collect(module):
    loaded = unittest.defaultTestLoader.loadTestsFromModule(module)
    pending, found = [loaded], []
    while pending:
        item = pending.pop(0)
        if isinstance(item, unittest.TestSuite):
            pending[0:0] = list(item)
        else:
            found.append(item)
    for name, function in vars(module).items():
        if name.startswith("test_") and callable(function):
            found.append(Function(function))
    return found


class Function(unittest.FunctionTestCase):
    def id(self):
        return self._testFunc.__name__[5:].replace("_", " ")


def cost(started):
    """What the file took, so that `grep -h '^# took' tests/*/*.log` finds where the suite's time goes."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return "# took %.1f s, %.1f s of CPU\n" % (time.monotonic() - started, sum(u.ru_utime + u.ru_stime for u in usages))


def main():
    path, words = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    # TAP goes to the real standard output; what tests print must not be taken for it.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except unittest.SkipTest as e:
        out.write("1..0 # SKIP %s\n" % e)
        return 0
    result = TapResult(out)
    tests = [t for t in collect(module) if not words or any(w in t.id() for w in words)]
    unittest.TestSuite(tests).run(result)
    if not result.count:
        out.write("not ok 1 - %s has a test to run\n" % path)
        result.count = 1
    out.write("1..%d\n" % result.count + cost(started))
    out.close()
    return 0 if tests and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
