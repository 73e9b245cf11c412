"""What tests of Kubeflow Pipelines share: a context whose server (fake_kfp.py) holds each request to the published API, and loses,
delays and breaks replies where a test asks for it.

SPDX-License-Identifier: Apache-2.0
"""
import os
import unittest

import fake_kfp
from case import SubmitCase
from service import raw

NOTEBOOK = """\
# %% tags=["parameters"]
n = 2
städte = ["Köln"]
nothing = None

# %% tags=["step:load data"]
x = [n, len (städte), nothing]

# %% tags=["step:sum"]
print (sum (x[:2]))
"""


def setUpModule():
    if not os.path.exists(fake_kfp.SWAGGER):
        raise unittest.SkipTest("../shared is not there")


class Case(SubmitCase):
    multi_user = False

    def setUp(self):
        self.use_folder()
        self.write("train.py", NOTEBOOK)
        self.kfp = fake_kfp.FakeKfp(self.multi_user, "/pipeline")
        self.addCleanup(self.kfp.close)
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.url)

    def tearDown(self):
        self.assertEqual(self.kfp.wrong, [])

    def asked(self, method, part):
        return [r for r in self.kfp.requests if r.method == method and part in r.path]

    def lose(self, method, part, times=1):
        """The server does what it is asked, and the connection breaks before the reply."""
        left = [times]

        def after(request, reply):
            if left[0] and request.method == method and request.path.split("?")[0].endswith(part):
                left[0] -= 1
                return raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")(request)
            return reply
        self.kfp.after = after

    def set_states(self, state, **tasks):
        """What the server knows: of each task as KFP tells it, and as the workflow does."""
        run, = self.kfp.runs.values()
        tasks = {k.replace("_", "-"): v for k, v in tasks.items()}
        workflow = fake_kfp.Workflow("train-x7k2p")
        for task, is_in in tasks.items():
            workflow.task(task, is_in)
        if self.kfp.workflows is not None:
            self.kfp.workflows[run["run_id"]] = workflow
        run["run_details"] = {"task_details": [{"display_name": k, "state": "SUCCEEDED" if v == "CACHED" else v} for k, v in tasks.items()]}
        run["state"] = state
        return workflow
