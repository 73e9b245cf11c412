"""What helps while a %chard line is typed: completion and inspection.
SPDX-License-Identifier: Apache-2.0
"""
import os

from magic import GOOD, Magic, write_notebook
from session import jupyter_client, needs_jupyter


@needs_jupyter
class Typing(Magic):
    def complete(self, code):
        """The matches, and the code with the first of them put in."""
        reply = self.kc.complete(code, len(code), reply=True, timeout=60)["content"]
        self.assertEqual(reply["status"], "ok")
        matches = reply["matches"]
        return matches, code[:reply["cursor_start"]] + (matches or [""])[0] + code[reply["cursor_end"]:]

    def test_commands(self):
        self.assertEqual(self.complete("ä = 1\n%chard che"), (["check"], "ä = 1\n%chard check"))
        self.assertTrue({"check", "run", "runs", "graph"} <= set(self.complete("%chard ")[0]))
        self.assertIn("logs", self.complete("%chard runs ")[0])

    def test_options_and_their_values(self):
        self.assertEqual(self.complete("%chard run --no-c"), (["--no-cache"], "%chard run --no-cache"))
        self.assertIn("--verbose", self.complete("%chard run --v")[0])
        self.assertEqual(self.complete("%chard graph --to=sv"), (["svg"], "%chard graph --to=svg"))
        self.assertEqual(self.complete("%chard graph --to sv"), (["svg"], "%chard graph --to svg"))
        self.assertEqual(self.complete("%%chard run\n--no")[1], "%%chard run\n--no-cache")

    def test_names_in_the_notebook_and_past_runs(self):
        self.run_cell("#| pipeline-parameters\nrate = 1")
        self.run_cell("#| step: prepare\nx = rate")
        self.run_cell("#| step: show\nprint(x)")
        self.assertEqual(self.complete("%chard run --only pre"), (["prepare"], "%chard run --only prepare"))
        self.assertEqual(set(self.complete("%chard run --from=")[0]), {"prepare", "show"})
        self.assertEqual(self.complete("%chard run -p ra"), (["rate="], "%chard run -p rate="))
        self.assertEqual(self.complete("%chard runs show ")[0], [])
        self.run_cell("%chard run")
        run, = self.complete("%chard runs show ")[0]
        self.assertRegex(run, r"^\d{8}-\d{6}-")
        self.assertEqual(self.complete("%chard runs logs latest sh")[0], ["show"])
        self.assertEqual(self.complete("%chard load ")[0], ["prepare.x"])

    def test_each_client_has_a_notebook_of_its_own(self):
        self.run_cell("#| step: prepare\nx = 1")
        other = jupyter_client.BlockingKernelClient(connection_file=self.session.km.connection_file)
        other.load_connection_file()
        other.start_channels()
        self.addCleanup(other.stop_channels)
        other.wait_for_ready(timeout=60)

        def complete(client):
            return client.complete("%chard run --only ", 18, reply=True, timeout=60)["content"]["matches"]
        self.assertEqual(complete(other), ["prepare"])
        for step in "load", "train":
            source = {"cell_type": "code", "metadata": {"tags": ["step:" + step]}, "source": "y = 1", "outputs": [],
                      "execution_count": None}
            notebook = {"cells": [source], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
            content = {"code": "%chard check --format=json", "silent": False, "store_history": False}
            request = other.session.msg("execute_request", content, metadata={"chard": {"notebook": notebook, "path": "b.ipynb"}})
            other.shell_channel.send(request)
            while other.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != request["header"]["msg_id"]:
                pass
            self.assertEqual((complete(other), complete(self.kc)), ([step], ["prepare"]))

    def test_files_and_the_notebook_that_is_named(self):
        write_notebook(self.path("other one.ipynb"), *GOOD)
        write_notebook(self.path("other.ipynb"), *GOOD)
        os.makedirs(self.path("sub/empty"))
        write_notebook(self.path("sub/good.ipynb"), *GOOD)
        self.assertEqual(self.complete("%chard check o"), (["other.ipynb"], "%chard check other.ipynb"))
        self.assertEqual(self.complete("%chard run su")[0], ["sub/"])
        self.assertEqual(self.complete("%chard run sub/")[0], ["sub/empty/", "sub/good.ipynb"])
        self.assertEqual(self.complete("%chard run sub/good.ipynb --only=m")[0], ["most"])
        self.assertEqual(self.complete("%chard run other.ipynb -p ")[0], ["n="])

    def test_other_lines_are_the_inner_kernels(self):
        self.run_cell("%config Completer.use_jedi = False")
        self.assertIn("print", self.complete("%chard check\nprin")[0])
        self.assertIn("%run", self.complete("x = '%chard ru")[0])

    def test_inspection(self):
        def inspect(code, back=0):
            return self.kc.inspect(code, len(code) - back, reply=True, timeout=60)["content"]
        self.assertIn("--only", inspect("%chard run --jobs 2")["data"]["text/plain"])
        for code, back in ("%chard", 0), ("x\n%chard", 3), ("%%chard", 3), ("?%%chard", 0):
            self.assertIn("Run a notebook", inspect(code, back)["data"]["text/plain"])
        for code, back in ("?%chard run", 0), ("x\n%chard run?", 0), ("%%chard run\n--jobs 2", 3), ("%%chard run", 9):
            self.assertIn("--only", inspect(code, back)["data"]["text/plain"])
        self.assertIn("Print the values", inspect("x = 1\nprint")["data"]["text/plain"].replace("Prints", "Print"))
