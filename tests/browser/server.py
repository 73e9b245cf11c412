"""A real JupyterLab with Notebook 7 in a home of its own, with Chard's kernel and extension installed as a user would, and
Debian's Chromium to look at it. For the tests in this folder.
SPDX-License-Identifier: Apache-2.0
"""
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

CHARD = os.environ["CHARD"]
CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
try:
    import jupyterlab  # noqa: F401
    import notebook  # noqa: F401
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

needed = unittest.skipUnless(CHROMIUM and sync_playwright and os.environ.get("CHARD_TESTS") == "all",
                             "a browser's tests run with CHARD_TESTS=all where Chromium, JupyterLab and playwright are")


def notebook_text(cells, kernel="chard"):
    """nbformat 4.5 of cells given as source, or as (source, tags)."""
    pairs = [(c, []) if isinstance(c, str) else c for c in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5,
                       "metadata": {"kernelspec": {"name": kernel, "display_name": "Python 3 (Chard)"}},
                       "cells": [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": tags} if tags else {},
                                  "source": source, "outputs": [], "execution_count": None}
                                 for i, (source, tags) in enumerate(pairs)]}, indent=1)


class Server:
    """Serves JupyterLab and Notebook 7 alike. `root` is the folder that they show."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="chard-browser-")
        self.root = os.path.join(self.home, "work")
        config = os.path.join(self.home, "config")
        os.makedirs(self.root)
        os.makedirs(os.path.join(config, "labconfig"))
        with open(os.path.join(config, "labconfig", "page_config.json"), "w", encoding="utf-8") as f:
            json.dump({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}, f)
        prefix = os.path.join(self.home, "prefix")
        environment = {**os.environ, "HOME": self.home, "JUPYTER_CONFIG_DIR": config,
                       "PATH": os.path.dirname(sys.executable) + ":" + os.environ["PATH"],
                       "JUPYTER_PATH": os.path.join(prefix, "share", "jupyter"),
                       "JUPYTER_RUNTIME_DIR": os.path.join(self.home, "runtime"), "CHARD_KERNEL_WARM": "0"}
        subprocess.run([CHARD, "kernel", "install", "--no-shim", "--prefix", prefix], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(os.path.join(self.home, "log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1",
             "--port=%d" % self.port, "--ServerApp.port_retries=0", "--IdentityProvider.token=t",
             "--ServerApp.root_dir=" + self.root], env=environment, stdout=self.log, stderr=self.log,
            start_new_session=True)
        self.wait()

    def url(self, path):
        return "http://127.0.0.1:%d/%s?token=t&reset" % (self.port, path)  # reset: nothing of earlier pages is open

    def wait(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url("api/status"), timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None:
                    break
                time.sleep(.2)
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as f:
            raise RuntimeError("the server did not come up:\n" + f.read()[-3000:])

    def write(self, name, cells):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(notebook_text(cells))
        return path

    def close(self):
        """Ends it and its kernels, as Ctrl-C twice would."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Shared:
    """The server and the browser of a test file, started when first asked for."""

    def __init__(self):
        self.ends = []
        try:
            self.server = Server()
            self.ends.append(self.server.close)
            playwright = sync_playwright().start()
            self.ends.append(playwright.stop)
            self.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            self.ends.append(self.browser.close)
        except BaseException:
            self.close()
            raise

    def close(self):
        while self.ends:
            self.ends.pop()()


shared = functools.lru_cache(maxsize=None)(Shared)


def end_shared():
    """For tearDownModule of every test file here."""
    if shared.cache_info().currsize:
        shared().close()


class Pages(unittest.TestCase):
    """Tests that look at notebooks through one browser. A failure leaves a picture beside the test's log."""

    @classmethod
    def setUpClass(cls):
        cls.server, cls.browser = shared().server, shared().browser

    def open(self, name, path):
        """A page that shows the notebook, its kernel idle."""
        page = self.browser.new_page(viewport={"width": 1500, "height": 950})
        page.set_default_timeout(120000)
        self.addCleanup(page.close)
        self.addCleanup(self.picture, page, name)
        page.goto(self.server.url(path % name))
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        return page

    def keep(self, page, what):
        """Keeps a picture if somebody wants to look at it."""
        if os.environ.get("CHARD_PICTURES"):
            page.screenshot(path=os.path.join(os.environ["CHARD_PICTURES"], "%s-%s.png" % (type(self).__name__, what)))

    def picture(self, page, name):
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            page.screenshot(path=os.path.join("tests", "browser", self.id() + ".png"))
