"""Runs the unittest modules beside it (or those named: test_zygote, test_run.Closures) and prints TAP.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


class TapResult(unittest.TestResult):
    count = bad = 0

    def line(self, good, test, note=""):
        self.count += 1
        self.bad += not good
        name = test.shortDescription() or test.id()
        print("%s %d - %s%s" % ("ok" if good else "not ok", self.count, name.replace("#", ""), note), flush=True)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        self.line(True, test, " # SKIP " + reason)

    def told(self, test, error):
        self.line(False, test)
        print("".join("# " + line + "\n" for line in self._exc_info_to_string(error, test).splitlines()), end="", flush=True)

    addError = addFailure = told

    def addSubTest(self, test, subtest, error):
        if error:
            print("".join("# %s\n" % line for line in
                          (str(subtest) + "\n" + self._exc_info_to_string(error, test)).splitlines()), end="")
            self.failed_in = test
            self.failures.append((subtest, ""))

    def stopTest(self, test):
        if getattr(self, "failed_in", None) is test:
            self.line(False, test)
            self.failed_in = None
        super().stopTest(test)


def main():
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(HERE, "test_*.py")
    print("TAP version 13")
    result = TapResult()
    suite.run(result)
    print("1..%d" % result.count)
    return 1 if result.bad or result.failures or not result.count else 0


if __name__ == "__main__":
    sys.exit(main())
