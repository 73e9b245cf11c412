"""Child of run.py: runs an emitted KFP pipeline by kfp.local's SubprocessRunner: kfp_run.py PIPELINE.yaml STEP.PY ROOT.

One check of the SDK's is lifted for that: its subprocess runner refuses components that are containers.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

from kfp import components, local
from kfp.local import subprocess_task_handler

pipeline, harness, root = sys.argv[1:]
os.environ["PATH"] = os.path.dirname(sys.executable) + ":" + os.environ["PATH"]
subprocess_task_handler.SubprocessTaskHandler.validate_not_container_component = lambda self, command: None
with open(pipeline, encoding="utf-8") as f:
    text = f.read().replace("/chard/step.py", harness)
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root)
components.load_component_from_text(text)()
