"""A session's work in JupyterLab and Notebook 7, in Debian's Chromium, with the kernel "Python 3 (Chard)": widgets, input (),
interrupt, restart, completion, the debugger, and a pipeline that is run in a cell and seen while it runs. With
CHARD_PICTURES=DIR pictures of all are kept there, to be looked at; so they are of lab.py.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Pages, end_shared, needed  # noqa: E402

WIDGETS = """import ipywidgets
button = ipywidgets.Button(description='press me')
told = ipywidgets.Label('nothing yet')
button.on_click(lambda _: setattr(told, 'value', 'pressed'))
ipywidgets.VBox([button, told])"""
INPUT = "name = input('who? ')\nprint('hello', name)"
ENDLESS = "import time\nprint('begun')\nwhile True:\n    time.sleep(.1)"
TRACED = "def f(n):\n    m = 2 * n\n    return m + 1\nprint('f is', f(20))"
PIPELINE = [("#| step: load\nrows = list(range(9))\nopen('go').read()", []),
            ("#| step: total\ntotal = sum(rows)", []), ("#| step: most\nmost = max(rows)", []),
            ("#| step: show\nprint('RESULT', total + most)", []), "%chard run --no-cache"]
tearDownModule = end_shared


class Work(Pages):
    path = None

    def begin(self, name, cells):
        self.file = self.server.write(name, cells)
        self.page = self.open(name, self.path)
        self.page.locator(".chard-step-name").first.wait_for()  # the kernel has answered
        return self.page

    def cell(self, i):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(i)

    def execute(self, i):
        self.cell(i).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def wait_for(self, i, text):
        self.cell(i).locator(".jp-OutputArea-output", has_text=text).first.wait_for()

    def type_instead(self, i, text):
        self.cell(i).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def command(self, keys):
        """Keys of Jupyter's command mode."""
        self.page.keyboard.press("Escape")
        for key in keys:
            self.page.keyboard.press(key)

    def see_widgets_input_interrupt(self):
        page = self.begin("work.ipynb", [WIDGETS, INPUT, ENDLESS, "%chard che"])
        self.execute(0)
        page.get_by_role("button", name="press me").click()
        page.locator(".widget-label", has_text="pressed").wait_for()
        self.execute(1)
        page.locator(".jp-Stdin-input").fill("world")
        page.locator(".jp-Stdin-input").press("Enter")
        self.wait_for(1, "hello world")
        self.execute(2)
        self.wait_for(2, "begun")
        self.command("ii")
        self.wait_for(2, "KeyboardInterrupt")
        self.keep(self.page, "interrupted")

    def see_a_pipeline_run(self):
        self.begin("pipe.ipynb", PIPELINE)
        go = os.path.join(os.path.dirname(self.file), "go")
        os.mkfifo(go)  # the first step waits until somebody writes
        try:
            self.execute(4)
            self.wait_for(4, "running, 0 of 4 steps")
            self.cell(4).locator("svg").first.wait_for()
            self.keep(self.page, "running")
            with open(go, "w"):
                pass
            self.wait_for(4, "ok, 4 of 4 steps")
            self.wait_for(4, "RESULT 44")
            self.keep(self.page, "ran")
            self.assertEqual(self.cell(4).locator(".jp-OutputArea-output svg").count(), 1)  # one picture, redrawn
        finally:
            os.remove(go)


@needed
class Lab(Work):
    path = "lab/tree/%s"

    def test_a_session(self):
        self.see_widgets_input_interrupt()
        page = self.page
        self.cell(3).locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.press("Tab")
        page.locator(".jp-Completer-item", has_text="check").wait_for()
        self.keep(self.page, "completion")
        page.keyboard.press("Enter")
        page.wait_for_function("() => [...document.querySelectorAll('.cm-content')].some(e => e.innerText === '%chard check')")
        self.type_instead(3, "%chard run?")
        page.keyboard.press("Control+Enter")
        self.wait_for(3, "--from-session")
        self.command("00")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        self.type_instead(3, "print('named', 'name' in globals())")
        page.keyboard.press("Control+Enter")
        self.wait_for(3, "named False")

    def test_a_pipeline_is_seen_while_it_runs(self):
        self.see_a_pipeline_run()

    def test_the_debugger_stops_at_a_breakpoint(self):
        page = self.begin("debug.ipynb", [TRACED])
        page.get_by_title("Enable Debugger").click()
        self.cell(0).locator(".cm-lineNumbers .cm-gutterElement", has_text="3").wait_for()
        third = self.cell(0).locator(".cm-breakpoint-gutter .cm-gutterElement").nth(3)  # the first has no line
        third.click()
        third.locator(".cm-breakpoint-icon").wait_for()
        self.execute(0)
        page.locator(".jp-DebuggerEditor-highlight").wait_for()
        self.keep(self.page, "stopped")
        page.keyboard.press("F9")
        self.wait_for(0, "f is 41")


@needed
class Notebook7(Work):
    path = "notebooks/%s"

    def test_a_session(self):
        self.see_widgets_input_interrupt()

    def test_a_pipeline_is_seen_while_it_runs(self):
        self.see_a_pipeline_run()
