"""`chard kernel install`, `uninstall` and `doctor` as Jupyter sees them: in a home and an environment of their own, with
a real ipykernel inside.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest

from session import needs_jupyter

CHARD = os.environ["CHARD"]
PYTHON3 = {"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python",
           "display_name": "Python 3 (ipykernel)", "interrupt_mode": "signal", "metadata": {"debugger": True}}
RUN = """
import sys, jupyter_client
km, kc = jupyter_client.manager.start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
def show(m):
    c = m["content"]
    print(c.get("text", ""), "\\n".join(c.get("data", {})), *c.get("traceback", []), sep="\\n")
for code in sys.argv[2:]:
    kc.execute_interactive(code, timeout=120, output_hook=show)
    print("-----")
kc.stop_channels()
km.shutdown_kernel(now=True)
"""


class Home(unittest.TestCase):
    """A home, and an environment whose Python finds the packages of the test's."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="chard-test-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.prefix = self.home + "/env"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.prefix], check=True)
        self.interpreter = self.prefix + "/bin/python"
        self.packages, = glob.glob(self.prefix + "/lib/python3*/site-packages")
        with open(self.packages + "/test.pth", "w", encoding="utf-8") as f:
            f.write("import site; site.addsitedir(%r)\n" % sysconfig.get_path("purelib"))
        self.write_spec("python3", PYTHON3)
        self.env = {"HOME": self.home, "TMPDIR": self.home, "LANG": "C.UTF-8", "IPYTHONDIR": self.home + "/ipython",
                    "PATH": ":".join([self.prefix + "/bin", os.path.dirname(sys.executable), "/usr/bin", "/bin"])}
        self.env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        self.kernels = self.home + "/.local/share/jupyter/kernels"

    def write_spec(self, name, spec):
        where = os.path.join(self.prefix, "share/jupyter/kernels", name)
        os.makedirs(where, exist_ok=True)
        with open(where + "/kernel.json", "w", encoding="utf-8") as f:
            json.dump(spec, f)
        return where

    def call(self, *words, status=0):
        done = subprocess.run([CHARD, "kernel", *words], env=self.env, cwd=self.home, capture_output=True, text=True,
                              timeout=200)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def installed(self, *words):
        return json.loads(self.call("install", "--format=json", *words).stdout)

    def listed(self):
        done = subprocess.run([self.interpreter, "-m", "jupyter_client.kernelspecapp", "list", "--json"], env=self.env,
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["kernelspecs"]

    def run_in(self, kernel, *code):
        done = subprocess.run([self.interpreter, "-c", RUN, kernel, *code], env=self.env, cwd=self.home, capture_output=True,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def files(self):
        found = {os.path.join(at, name) for at, _, names in os.walk(self.home) for name in names}
        return {f for f in found if not any(x in f for x in ("__pycache__", "/.cache/", "/.jupyter/", "/ipython/"))}


@needs_jupyter
class Install(Home):
    def test_from_install_to_uninstall(self):
        before = self.files()
        made = self.installed()
        self.assertEqual(made["dir"], self.kernels + "/chard")
        spec = self.listed()["chard"]
        self.assertEqual(spec["resource_dir"], made["dir"])
        spec = spec["spec"]
        self.assertEqual(spec["display_name"], "Python 3 (Chard)")
        self.assertEqual((spec["interrupt_mode"], spec["language"]), ("signal", "python"))
        self.assertEqual((spec["metadata"]["debugger"], spec["metadata"]["supported_encryption"]), (True, ["curve"]))
        self.assertEqual(made["lab"], os.path.dirname(self.kernels) + "/labextensions/chard")
        self.assertEqual({os.path.basename(f) for f in self.files() - before if not f.startswith(made["lab"])},
                         {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg", "chard.py"})
        with open(made["lab"] + "/package.json", encoding="utf-8") as f:
            load = json.load(f)["jupyterlab"]["_build"]["load"]
        self.assertTrue(os.path.exists(os.path.join(made["lab"], load)))
        with open(self.home + "/cell.py", "w", encoding="utf-8") as f:
            f.write("print(6 * 7)")
        ran = subprocess.run([self.interpreter, "-m", "jupyter_client.runapp", "--kernel=chard", "cell.py"], env=self.env,
                             cwd=self.home, capture_output=True, text=True, timeout=200)  # gives the kernel its own words
        self.assertIn("42", ran.stdout, ran.stderr)
        os.remove(self.home + "/cell.py")
        self.assertIn(self.interpreter, self.run_in("chard", "import sys; print(sys.executable)"))
        with open(self.home + "/own.ipynb", "w", encoding="utf-8") as f:
            json.dump({"cells": [{"cell_type": "code", "metadata": {}, "source": "import sys; print(sys.executable)", "outputs": [],
                                  "execution_count": None}], "metadata": {"kernelspec": {"name": "chard"}}, "nbformat": 4,
                       "nbformat_minor": 4}, f)
        ran = subprocess.run([CHARD, "run", "-v", "own.ipynb"], env={**self.env, "PATH": "/usr/bin:/bin"}, cwd=self.home,
                             capture_output=True, text=True, timeout=200)  # in a terminal: with the Python of the kernel inside
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertNotIn("isn't installed", ran.stderr)
        logged = subprocess.run([CHARD, "runs", "logs", "latest"], env=self.env, cwd=self.home, capture_output=True, text=True)
        self.assertIn(self.interpreter, logged.stdout)
        os.remove(self.home + "/own.ipynb")
        shutil.rmtree(self.home + "/.chard")
        told = self.call("doctor").stdout
        self.assertRegex(told, r"(?m)^ok +inner kernel +Python 3 \(ipykernel\): ipython \S+, python \S+, ready in")
        self.assertNotIn("wrong", told)
        self.call("install")  # again, over itself
        self.call("uninstall")
        self.assertEqual(self.files(), before)

    def test_what_the_inner_spec_says_is_kept(self):
        self.write_spec("other", {**PYTHON3, "display_name": "Snake", "interrupt_mode": "message", "metadata": {"x": 1},
                                  "env": {"INNER": "yes"}})
        made = self.installed("--inner", "other", "--sys-prefix", "--no-shim")
        self.assertEqual(made["dir"], self.prefix + "/share/jupyter/kernels/chard-other")
        self.assertIsNone(made["shim"])
        self.assertEqual((made["spec"]["display_name"], made["spec"]["interrupt_mode"], made["spec"]["metadata"]["x"]),
                         ("Snake (Chard)", "message", 1))
        self.assertIn("yes", self.run_in("chard-other", "import os; print(os.environ['INNER'])"))
        self.call("uninstall", "--name", "chard-other")
        listed = set(self.listed())     # with those of the machine, if it has any
        self.assertIn("other", listed)
        self.assertNotIn("chard-other", listed)

    def test_a_python_without_kernelspec(self):
        shutil.rmtree(self.prefix + "/share")
        made = self.installed("--no-shim", "--prefix", self.home + "/elsewhere", "--name", "mine")
        self.assertEqual(made["dir"], self.home + "/elsewhere/share/jupyter/kernels/mine")
        self.assertEqual(made["spec"]["argv"][3:6], ["--", self.prefix + "/bin/python3", "-m"])
        self.call("uninstall", "--prefix", self.home + "/elsewhere")
        self.assertFalse(os.path.exists(made["dir"]))

    def test_refusals(self):
        for words, status, reason in [
                (["--inner", "nobody"], 3, "there is no kernel “nobody”"),
                (["--user", "--sys-prefix"], 2, "exclude each other"),
                (["--name", "a b"], 2, "can't name a kernel"),
                (["--name", "python3", "--sys-prefix"], 2, "is another kernel's"),
                (["python3"], 2, "--inner"),
                (["--prefix", self.prefix + "/bin/python"], 3, "can't be installed")]:
            with self.subTest(words):
                before = self.files()
                done = self.call("install", *words, status=status)
                self.assertRegex(done.stderr, "^chard: .*" + reason)
                self.assertEqual(self.files(), before)
        self.installed()
        self.assertIn("Chard's already", self.call("install", "--inner", "chard", status=2).stderr)
        with open(self.packages + "/chard.py", "w") as f:
            f.write("mine = 1\n")
        self.assertIn("another module called chard", self.call("install", "--sys-prefix").stderr)
        self.call("uninstall")
        self.assertIn("no kernel of Chard's", self.call("uninstall", status=3).stderr)
        with open(self.packages + "/chard.py") as f:
            self.assertEqual(f.read(), "mine = 1\n")


@needs_jupyter
class Doctor(Home):
    def wrong(self, *expected):
        told = json.loads(self.call("doctor", "--format=json", status=3).stdout)
        wrong = [(f["what"], f["text"], f["mend"]) for f in told if f["verdict"] == "wrong"]
        self.assertEqual(len(wrong), 1, told)
        for got, want in zip(wrong[0], expected):
            self.assertIn(want, got)

    def test_nothing_installed(self):
        self.wrong("kernel", "knows no kernel", "`chard kernel install`")

    def test_without_ipykernel(self):
        self.installed("--no-shim")
        os.remove(self.packages + "/test.pth")
        self.wrong("inner kernel", "No module named ipykernel_launcher", self.interpreter + " -m pip install ipykernel")

    def test_the_inner_kernel_is_gone(self):
        self.installed("--no-shim")
        shutil.rmtree(self.prefix + "/share/jupyter/kernels/python3")
        self.wrong("inner kernel", "there is no kernel", "--inner KERNEL")

    def test_chard_has_moved(self):
        made = self.installed("--no-shim")
        made["spec"]["argv"][0] = "/nowhere/chard-kernel"
        with open(made["dir"] + "/kernel.json", "w") as f:
            json.dump(made["spec"], f)
        self.wrong("chard", "names a chard-kernel that isn't there", "`chard kernel install`")

    def test_without_libzmq(self):
        alone = self.home + "/alone"
        os.makedirs(alone)
        shutil.copy(CHARD, alone + "/chard")
        with open(alone + "/chard-kernel", "w") as f:
            f.write("#!/bin/sh\necho 'error while loading shared libraries: libzmq.so.5: cannot open' >&2; exit 127\n")
        os.chmod(alone + "/chard-kernel", 0o755)
        done = subprocess.run([alone + "/chard", "kernel", "doctor"], env=self.env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stdout, r"wrong +chard-kernel .*doesn't run: .*libzmq\.so\.5")
        self.assertIn("apt install libzmq5", done.stdout)

    def test_the_shim_is_gone(self):
        os.remove(self.installed()["shim"])
        self.wrong("%load_ext", "is gone", "`chard kernel install`")


@needs_jupyter
class Shim(Home):
    def test_in_plain_ipykernel(self):
        self.installed()
        with open(self.home + "/small.py", "w", encoding="utf-8") as f:
            f.write('# %% tags=["step:a"]\nx = 6\n\n# %% tags=["step:b"]\nprint(7 * x)\n')
        with open(self.home + "/bad.py", "w", encoding="utf-8") as f:
            f.write("# %%\nx = = 1\n")
        _, picture, checked, longer, _, session, listed, unknown, submitted, own, asked, open_one, moved, gone, _ = self.run_in(
            "python3", "%load_ext chard", "%chard graph small.py", "%chard check bad.py",
            "%%chard graph\n--to mermaid  # text\nsmall.py", "y = 1", "%chard graph --to text", "%chard",
            "%chard no-such", "%chard submit", "%chard run small.py --background", "?%chard runs list",
            "__vsc_ipynb_file__ = %r\n%%chard graph --to text" % (self.home + "/small.py"),
            "import os\nos.rename('small.py', 'moved.py')\n%chard graph --to text",
            "__vsc_ipynb_file__ = '/nowhere/x.ipynb'\n%chard check").split("-----\n")
        self.assertIn("image/svg+xml", picture)
        self.assertRegex(checked, r"bad\.py:.*syntax")
        self.assertIn("flowchart", longer)
        self.assertRegex(session, r"1 +\S.* cell 0")
        self.assertIn("note: nobody says which notebook this is", session)
        self.assertIn("Usage: chard COMMAND", listed)
        self.assertIn("unknown command 'no-such'", unknown)
        for told, how in ((checked, "check ended with status 1"), (unknown, "no-such ended with status 2")):
            self.assertIn("chard: " + how, told)
        self.assertIn("there is no context yet", submitted)  # it knows that a notebook is meant
        self.assertIn("--background is there with the kernel", own)
        self.assertIn("Usage: chard runs list", asked)
        for told in open_one, moved:
            self.assertRegex(told, r"1 +a .*\n\s+2 +b ")
        self.assertIn("chard: the notebook that was open here is gone: /nowhere/x.ipynb", gone)
