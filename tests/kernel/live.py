"""%chard run --only STEP --from-session: a step on the session's variables as they are.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import subprocess

from magic import Magic

CELLS = ["#| pipeline-parameters\nrate = 2",
         "#| step: load\nimport numpy as np\nrows = [1, 2, 3]\ntable = {'rows': rows, 'big': np.zeros(9000)}",
         "#| step: model\nclass Model:\n    bias = 1\n    def __init__(self, total):\n        self.total = total\n"
         "model = Model(sum(rows))",
         "#| step: show\nprint('SHOWN', isinstance(model, Model), model.total + Model.bias, rows, table['rows'] is rows,\n"
         "      float(table['big'].sum()), rate)\nmodel.total = 0",
         "#| step: last\nprint(model.total)"]


class Live(Magic):
    def execute(self, *cells):
        for source in cells:
            told = self.run_cell(source)
            self.assertEqual(told.reply["status"], "ok", told.reply)

    def shown(self, line="%chard run --only show --from-session"):
        told = self.run_cell(line, store_history=False)
        self.assertEqual(told.reply["status"], "ok", told.reply)
        return self.run_cell("%chard runs logs latest show", store_history=False).text()

    def error(self, line):
        told = self.run_cell(line, store_history=False)
        self.assertEqual(told.reply["status"], "error")
        self.assertEqual(glob.glob(os.path.join(self.dir, ".chard", "session-*")), [])
        return told.reply["evalue"]

    def test_it_takes_what_the_session_has_now(self):
        self.execute(*CELLS)
        self.run_cell("model.total = 41; rows.append(4); table['big'][:] = 1; rate = 7", store_history=False)
        self.assertEqual(self.shown(), "SHOWN True 42 [1, 2, 3, 4] True 9000.0 7\n")
        self.assertEqual(self.value("model.total"), "41")  # the step has copies
        self.run_cell("rows.pop()", store_history=False)
        self.assertEqual(self.shown("%chard run --from-session --only=show -p rate=3"),
                         "SHOWN True 42 [1, 2, 3] True 9000.0 3\n")
        self.assertIn("SHOWN True 7 [1, 2, 3] True 0.0 2", self.shown("%chard run"))

    def test_what_stands_in_the_way_is_told_with_its_name(self):
        self.session.end()
        self.session.start()
        self.kc = self.session.kc
        self.run_cell("%%cd -q %s" % self.dir, store_history=False)
        self.execute(CELLS[0], CELLS[1])
        self.assertEqual(self.error("%chard run --only rows --from-session"),
                         "there is no step “rows”; the notebook has load")
        self.execute(*CELLS[2:])
        self.run_cell("del model, rows", store_history=False)
        self.assertIn("what this session doesn't have: model (cell 2, step model), rows (cell 1, step load). Execute",
                      self.error("%chard run --only show --from-session"))
        self.run_cell("rows = [open('/dev/null')]; model = 1; rate = {3}", store_history=False)
        self.assertIn("parameter rate is of type set here", self.error("%chard run --only show --from-session"))
        self.run_cell("rate = 1", store_history=False)
        self.assertRegex(self.error("%chard run --only show --from-session"),
                         r"'rows' \(list\) can't be handed to step show: at rows\[0\], .*; way out: hand over its path")
        self.assertIn("--only STEP", self.error("%chard run --from-session"))

    def test_outside_of_a_kernel_it_says_where_it_works(self):
        told = subprocess.run([os.environ["CHARD"], "run", "--only", "show", "--from-session", "any.ipynb"],
                              capture_output=True, text=True)
        self.assertEqual(told.returncode, 2)
        self.assertIn("execute %chard run --only show --from-session (`chard kernel install`", told.stderr)
