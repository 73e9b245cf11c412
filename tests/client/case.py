"""What tests of `chard submit` share.

SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import sys

from folder import CHARD, FolderCase


class SubmitCase(FolderCase):
    """Who derives from it writes train.py."""

    def start(self, *arguments):
        return subprocess.Popen([CHARD, *arguments], env=self.env, cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def submit(self, *arguments, status=0):
        """The run's record; what was said, where it fails."""
        run = self.chard("submit", "--image", "example.com/train:1", "--python", sys.executable, "--format=json", *arguments,
                         "train.py", status=status)
        return json.loads(run.stdout) if status == 0 else run.stderr
