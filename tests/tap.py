"""Runs a file of unittest cases and prints TAP, so that Python tests count like the others: tap.py TESTFILE.

SPDX-License-Identifier: Apache-2.0
"""
import importlib.util
import os
import sys
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


def main():
    path = sys.argv[1]
    # TAP goes to the real standard output; what tests print must not be taken for it.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    result = TapResult(out)
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    out.write("1..%d\n" % result.count)
    out.close()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
