"""What the kernel's tests share: a kernel manager around chard-kernel with directories of its own, and looks at
processes.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import shutil
import sys
import tempfile
import time
import unittest

try:
    import ipykernel  # noqa: F401
    import jupyter_client
except ImportError:
    jupyter_client = None

TOP = os.environ["TOP"]
KERNEL = os.path.join(os.path.dirname(os.environ["CHARD"]), "chard-kernel")
COMMAND = [KERNEL, "-f", "{connection_file}", "--", sys.executable, "-m", "ipykernel_launcher", "-f", "{}"]
needs_jupyter = unittest.skipUnless(jupyter_client, "needs ipykernel and jupyter_client")


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_until(true, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if true():
            return True
        time.sleep(0.01)
    return False


class Session:
    """A kernel manager around ours, with directories of its own."""

    def __init__(self, command=COMMAND, ready=True, env=None, interrupt_mode="signal", **manager):
        """`manager` is for the kernel manager: transport, transport_encryption."""
        self.interrupt_mode, self.manager = interrupt_mode, manager
        self.home = tempfile.mkdtemp(prefix="chard-test-")
        self.env = dict(os.environ, HOME=self.home, XDG_CACHE_HOME=self.home + "/cache", TMPDIR=self.home,
                        IPYTHONDIR=self.home + "/ipython", **{"CHARD_KERNEL_WARM": "0", **(env or {})})
        self.env.pop("XDG_RUNTIME_DIR", None)
        self.command = command
        self.start(ready)

    def start(self, ready=True):
        self.km = jupyter_client.KernelManager(**self.manager)
        self.km._kernel_spec = jupyter_client.kernelspec.KernelSpec(
            argv=self.command, language="python", interrupt_mode=self.interrupt_mode,
            metadata={"debugger": True, "supported_encryption": ["curve"]})
        self.log = open(self.home + "/log", "w+")
        self.km.start_kernel(env=self.env, stdout=self.log, stderr=self.log)
        self.kc = self.km.client()
        self.kc.start_channels()
        if ready:
            self.kc.wait_for_ready(timeout=60)

    def run(self, code, timeout=60):
        out = []
        reply = self.kc.execute_interactive(code, timeout=timeout, output_hook=lambda m: out.append(m))
        return reply, "".join(m["content"].get("text", "") for m in out if m["msg_type"] == "stream")

    def directories(self):
        return glob.glob(self.home + "/chard-kernel-*")

    def end(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel(now=True)

    def close(self):
        self.end()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)
