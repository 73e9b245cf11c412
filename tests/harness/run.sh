#!/bin/sh
# Runs the tests of templates/step.py and prints TAP. Called by `make check`. Uses the tree's .venv if there is one.
# SPDX-License-Identifier: Apache-2.0
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
python=${CHARD_TEST_PYTHON:-}
if [ -z "$python" ]; then
    python=python3
    [ -x "$top/.venv/bin/python" ] && python=$top/.venv/bin/python
fi
exec "$python" "$here/tap.py" "$@"
