"""`make install` into a folder elsewhere, and what was installed there: it runs, with its own step harness, and
`make uninstall` leaves nothing behind.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
BUILD = os.path.dirname(CHARD)
SCRIPT = '# %% tags=["step:a"]\nx = 6\n\n# %% tags=["step:b"]\nprint ("x is", 7 * x)\n'


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def make(self, target, *variables):
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CHARD_TEMPLATES")}
        run = subprocess.run(["make", "-C", BUILD, target, *variables], capture_output=True, text=True, env=environment)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def files(self, folder):
        return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)

    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "Makefile")), "no build tree")
    def test_what_is_installed_elsewhere_runs_and_goes(self):
        stage = os.path.join(self.folder, "stage")
        self.make("install", "DESTDIR=" + stage, "prefix=/opt/chard")
        moved = os.path.join(self.folder, "moved")
        shutil.copytree(os.path.join(stage, "opt", "chard"), moved)
        installed = self.files(moved)
        for name in ("bin/chard", "share/chard/step.py", "share/chard/pipeline.schema.json", "share/man/man1/chard.1",
                     "share/man/man7/chard-tags.7", "share/bash-completion/completions/chard",
                     "share/zsh/site-functions/_chard", "share/fish/vendor_completions.d/chard.fish"):
            self.assertIn(name, installed)
        self.run_installed(os.path.join(moved, "bin", "chard"))
        self.make("uninstall", "DESTDIR=" + stage, "prefix=/opt/chard")
        self.assertEqual(self.files(stage), [])

    def run_installed(self, chard):
        with open(os.path.join(self.folder, "a.py"), "w", encoding="utf-8") as f:
            f.write(SCRIPT)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CHARD")}

        def run(*words):
            return subprocess.run([chard, *words], cwd=self.folder, env=environment, capture_output=True, text=True)

        ran = run("run", "--python", sys.executable, "a.py")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(run("runs", "logs", "latest", "b").stdout, "x is 42\n")


if __name__ == "__main__":
    unittest.main()
