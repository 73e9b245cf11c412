"""What tests of `chard submit` share: a folder of their own in which files are written and chard is run.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

CHARD = os.environ.get("CHARD", os.path.join(os.path.abspath(os.environ.get("TOP", ".")), "chard"))


class SubmitCase(unittest.TestCase):
    """Who derives from it has a `folder` and an `env` (use_folder does that), and writes train.py."""

    def use_folder(self):
        """A folder that is gone behind the test, which is the home of an environment where this machine's settings say nothing."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "XDG_", "KUBE", "KF_", "CHARD_CONTEXT"))}
        self.env.update(HOME=self.folder, no_proxy="127.0.0.1")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, *arguments):
        return subprocess.Popen([CHARD, *arguments], env=self.env, cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def chard(self, *arguments, status=0):
        run = subprocess.run([CHARD, *arguments], env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run

    def submit(self, *arguments, status=0):
        """The run's record; what was said, where it fails."""
        run = self.chard("submit", "--image", "example.com/train:1", "--python", sys.executable, "--format=json", *arguments,
                         "train.py", status=status)
        return json.loads(run.stdout) if status == 0 else run.stderr
