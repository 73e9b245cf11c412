"""The extension in JupyterLab and Notebook 7 as a user sees it, in Debian's Chromium: margin, diagnostics, panel, buttons.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import CHARD, Pages, end_shared, needed  # noqa: E402

BRANCHES = [("import math", ["imports"]), ("base = 2", ["step:base"]), ("left = base + 1", ["step:left"]),
            ("right = math.sqrt(base * 8)", ["step:right"]), ("print('sum', left + right)", ["step:sum"])]


tearDownModule = end_shared


def tags_in(path):
    with open(path, encoding="utf-8") as f:
        return [cell["metadata"].get("tags", []) for cell in json.load(f)["cells"]]


def labels(page, count):
    page.wait_for_function("n => document.querySelectorAll('.chard-step-name').length === n", arg=count)
    return page.locator(".chard-step-name").all_inner_texts()


@needed
class Lab(Pages):
    def lab(self, name, cells):
        path = self.server.write(name, cells)
        return self.open(name, "lab/tree/%s"), path

    def save(self, page):
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-Document .jp-mod-dirty, .lm-mod-current.jp-mod-dirty')")

    def test_each_cell_shows_its_step(self):
        page, path = self.lab("branches.ipynb", BRANCHES)
        told = subprocess.run([CHARD, "graph", "--format=json", path], capture_output=True, text=True, check=True)
        names = [step["name"] for step in json.loads(told.stdout)["steps"]]
        self.assertEqual(labels(page, 4), names)
        self.assertIn("4 steps", page.locator(".chard-status").inner_text(timeout=60000) or page.content())

    def test_an_inferred_step_is_accepted_with_a_click(self):
        page, path = self.lab("untagged.ipynb", ["rows = list(range(9))", "total = sum(rows)", "print(total)"])
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="total = sum").click()
        guess = page.locator(".chard-guess").inner_text()
        page.get_by_role("button", name="Accept").click()
        self.save(page)
        [first, second, third] = tags_in(path)
        self.assertEqual((first, third), ([], []))
        self.assertRegex(guess, "step " + second[0].removeprefix("step:"))

    def test_the_panel_edits_tags_and_leaves_others_alone(self):
        cells = [BRANCHES[1], ("left = base + 1", ["hide-input", "block:left", "limit:memory:1Gi"]), BRANCHES[4]]
        page, path = self.lab("edit.ipynb", cells)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="left = base").click()
        page.get_by_label("Step name").fill("links")
        page.get_by_label("Step name").press("Enter")
        page.get_by_label("Retries").fill("2")
        page.get_by_label("Retries").press("Enter")
        self.save(page)
        self.assertEqual(tags_in(path)[1], ["hide-input", "limit:memory:1Gi", "block:links", "retry:2"])

    def test_the_panel_has_notebooks_schedules_and_a_way_back(self):
        cells = ["x = 1", ("y = 2", ["hide-input", "step:other", "retry:2"])]
        page, path = self.lab("panel.ipynb", cells)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="x = 1").click()
        page.locator(".chard-cell select").first.select_option("Notebook")
        page.get_by_label("Name", exact=True).fill("other")
        page.get_by_label("Name", exact=True).press("Enter")
        page.get_by_label("Notebook path").fill("sub/other.ipynb")
        page.get_by_label("Notebook path").press("Enter")
        page.locator(".jp-Cell", has_text="y = 2").click()
        page.get_by_role("button", name="Clear", exact=True).click()
        page.locator("summary", has_text="Schedule and files").click()
        page.get_by_label("Schedule", exact=True).fill("0 6 * * 1-5")
        page.get_by_label("Schedule", exact=True).press("Enter")
        page.get_by_role("button", name="Schedule", exact=True).click()
        page.locator(".chard-result h3", has_text="%chard submit --schedule '0 6 * * 1-5'").wait_for()
        page.locator(".chard-result", has_text="there is no context yet").wait_for()
        self.save(page)
        self.assertEqual(tags_in(path), [["notebook:other"], ["hide-input"]])
        with open(path, encoding="utf-8") as f:
            notebook = json.load(f)
        self.assertEqual(notebook["cells"][0]["metadata"]["notebook_path"], "sub/other.ipynb")
        self.assertEqual(notebook["metadata"]["kubeflow_notebook"], {"schedule": "0 6 * * 1-5"})

    def test_diagnostics_stand_at_their_cells(self):
        page, _ = self.lab("wrong.ipynb", ["a = 1", "print(nowhere)"])
        found = page.locator(".jp-Cell", has_text="print(nowhere)").locator(".chard-diagnostic")
        self.assertRegex(found.inner_text(), r"line 1:7\s+.*nowhere")
        self.assertEqual(page.locator(".chard-diagnostic").count(), 1)

    def test_a_button_runs_the_notebook_as_it_stands(self):
        page, path = self.lab("run.ipynb", BRANCHES)
        labels(page, 4)
        page.locator(".jp-Cell", has_text="base = 2").locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("0")  # base = 20, and not saved
        page.get_by_role("button", name="Run as pipeline").click()
        page.wait_for_selector(".chard-result button", state="detached")
        log = subprocess.run([CHARD, "runs", "logs", "latest", "sum"], cwd=os.path.dirname(path), capture_output=True,
                             text=True)
        self.assertEqual(log.stdout, "sum %s\n" % (21 + 160 ** .5), log.stderr)


@needed
class Notebook7(Pages):
    def test_the_same_in_notebook(self):
        self.server.write("seven.ipynb", BRANCHES)
        page = self.open("seven.ipynb", "notebooks/%s")
        self.assertEqual(labels(page, 4), ["base", "left", "right", "sum"])
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector(".chard-result h3:has-text('%chard check')")
