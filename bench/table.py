"""What is printed: a row for each comparison, in one table.

SPDX-License-Identifier: Apache-2.0
"""
import statistics

from timing import Failed, median, ratios

HEADER = ("measurement", "this", "against", "ratio", "spread", "of CPU", "MiB", "against", "aim", "")
WIDTHS = (47, 9, 9, 6, 10, 6, 5, 7, 7, 6)


class Aim:
    def __init__(self, sign, value, text=None):
        self.sign, self.value = sign, value
        self.text = text or "%s %g" % ({"<=": "≤", ">=": "≥"}[sign], value)

    def is_met(self, value):
        return value <= self.value if self.sign == "<=" else value >= self.value


class Row:
    """`this` and `that` are seconds, `ratio` what is judged, or `value` where an aim is absolute."""

    def __init__(self, name, this=None, that=None, ratio=None, peak=0, that_peak=0, aim=None, value=None, failed=None,
                 cpu=None, note=None):
        self.name, self.this, self.that, self.ratio = name, this, that, ratio
        self.peak, self.that_peak = peak, that_peak
        self.aim, self.value, self.failed, self.cpu, self.note = aim, value, failed, cpu, note

    def judged(self):
        return self.value if self.value is not None else statistics.median(self.ratio)

    def met(self):
        return None if self.aim is None or self.failed else self.aim.is_met(self.judged())

    def as_json(self):
        found = {"name": self.name, "this": self.this, "against": self.that, "ratios": self.ratio, "value": self.value,
                 "cpu_ratio": self.cpu, "peak_kib": self.peak, "against_peak_kib": self.that_peak,
                 "aim": self.aim and self.aim.text, "met": self.met(), "failed": self.failed, "note": self.note}
        return {k: v for k, v in found.items() if v is not None}


def compare(name, taken, this, that, aim=None, inverse=False):
    """The row of two sides that ran by turns; `inverse`: how many times as fast, rather than what share of the time."""
    for side in (this, that):
        if isinstance(taken[side], Failed):
            return Row(name, aim=aim, failed=str(taken[side]))
    a, b = taken[this], taken[that]
    return Row(name, median(a), median(b), ratios(b, a) if inverse else ratios(a, b),
               max(s.peak for s in a), max(s.peak for s in b), aim,
               cpu=median(a, "cpu") / median(b, "cpu") if median(b, "cpu") else None)


def told_seconds(s):
    if s is None:
        return ""
    return "%.2f s" % s if s >= 1 else "%.0f ms" % (s * 1e3) if s >= 0.01 else "%.2f ms" % (s * 1e3)


def _line(fields):
    first, *rest = ("%-*s" if i in (0, len(WIDTHS) - 1) else "%*s" for i in range(len(WIDTHS)))
    return "  ".join(f % (w, text) for f, w, text in zip([first, *rest], WIDTHS, fields)).rstrip()


def print_header():
    print(_line(HEADER))
    print("-" * (sum(WIDTHS) + 2 * len(WIDTHS) - 2))


def print_row(row):
    aim = row.aim.text if row.aim else ""
    if row.failed:
        print(_line((row.name, "FAILED", "", "", "", "", "", "", aim, "")))
        print("    " + row.failed, flush=True)
        return
    ratio = "%.2f" % statistics.median(row.ratio) if row.ratio else ""
    spread = "%.2f–%.2f" % (min(row.ratio), max(row.ratio)) if row.ratio and len(row.ratio) > 1 else ""
    cpu = "%.2f" % row.cpu if row.cpu else ""
    mib = ["%.0f" % (kib / 1024) if kib else "" for kib in (row.peak, row.that_peak)]
    verdict = {None: "", True: "met", False: "MISSED"}[row.met()]
    print(_line((row.name, told_seconds(row.this), told_seconds(row.that), ratio, spread, cpu, *mib, aim, verdict)))
    if row.note:
        print("    " + row.note)
    print(end="", flush=True)
