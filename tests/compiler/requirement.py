"""What steps require: distributions by their own names, versions of an environment, local modules.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

CHARD = os.environ.get("CHARD", "./chard")

NOTEBOOK = """# %% tags=["step:first"]
!pip install -q "scikit-learn==1.4.2" leftpad
import os, json
import numpy as np
import cv2
from sklearn.linear_model import LinearRegression
from google.cloud import storage
try:
    import cupy
except ImportError:
    cupy = None
size = np.ones(3)
# %% tags=["step:second"]
import helper
import pkg.sub
def lazy():
    import PIL.Image
    return PIL
print(lazy(), size)
"""
FILES = {
    "nb.py": NOTEBOOK,
    "helper.py": "import yaml\nimport other\ndef f():\n    from bs4 import BeautifulSoup\n",
    "other.py": "import attr\n",
    "unused.py": "import requests\n",
    "pkg/__init__.py": "from . import sub\n",
    "pkg/sub.py": "import networkx as nx\nimport helper\n",
    # An installed distribution, as pip leaves it, whose name isn't its module's.
    "site/chardtest_module.py": "",
    "site/Chard_Test-2.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: Chard-Test\nVersion: 2.5\n",
    "site/Chard_Test-2.5.dist-info/RECORD": "chardtest_module.py,,\nChard_Test-2.5.dist-info/METADATA,,\n",
    "env.py": "import chardtest_module\nimport nowhere_to_be_found\nimport json\ntry:\n    import perhaps_there\n"
              "except ImportError:\n    pass\n",
}


class Requirement(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name, text in FILES.items():
            path = os.path.join(self.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def chard(self, *arguments, **env):
        env = dict(os.environ, XDG_CACHE_HOME=self.folder.name + "/cache", **env)
        for active in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            env.pop(active, None)
        return subprocess.run([CHARD, *arguments], cwd=self.folder.name, env=env, capture_output=True, text=True,
                              timeout=300)

    def steps(self, *arguments, **env):
        run = self.chard("compile", *arguments, **env)
        self.assertEqual(run.returncode, 0, run.stderr)
        return {s["name"]: s for s in json.loads(run.stdout)["steps"]}

    def test_names_of_distributions(self):
        steps = self.steps("nb.py")
        self.assertEqual(steps["first"]["requirements"],
                         ["google-cloud-storage", "numpy", "opencv-python", "scikit-learn==1.4.2"])
        self.assertNotIn("modules", steps["first"])

    def test_local_modules_go_along_with_what_they_import(self):
        second = self.steps("nb.py")["second"]
        self.assertEqual(second["modules"], ["helper.py", "other.py", "pkg/"])
        self.assertLessEqual({"PyYAML", "attrs", "beautifulsoup4", "networkx", "pillow"}, set(second["requirements"]))
        self.assertNotIn("requests", second["requirements"])

    def test_versions_and_lacks_of_the_environment(self):
        site = os.path.join(self.folder.name, "site")
        for attempt in ("asked", "kept from before"):
            with self.subTest(attempt):
                step, = self.steps("--python", sys.executable, "env.py", PYTHONPATH=site).values()
                self.assertEqual(step["requirements"], ["Chard-Test==2.5", "nowhere_to_be_found"])
        run = self.chard("check", "--format=json", "--python", sys.executable, "env.py", PYTHONPATH=site)
        found = [d for d in json.loads(run.stdout) if d["rule"] == "missing-module"]
        self.assertEqual([(d["line"], d["severity"]) for d in found], [(2, "warning")], run.stdout)
        self.assertIn("nowhere_to_be_found", found[0]["message"])

    def test_without_an_environment_nothing_is_missing(self):
        run = self.chard("check", "--format=json", "env.py")
        self.assertEqual([d for d in json.loads(run.stdout) if d["rule"] == "missing-module"], [])
