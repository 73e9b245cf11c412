"""step.py as bytecode, for tests that start it hundreds of times: three quarters of a start go into reading its source.

SPDX-License-Identifier: Apache-2.0
"""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile


def compiled(source, python=sys.executable):
    """The path of a file that does what `source` does when this Python is given it; it is gone when the tests are."""
    directory = tempfile.mkdtemp(prefix="chard-bytecode-")
    atexit.register(shutil.rmtree, directory, True)
    target = os.path.join(directory, "step.pyc")
    subprocess.run([python, "-c", "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)",
                    source, target], check=True)
    return target
