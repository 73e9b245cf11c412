# Straight: the whole notebook in one namespace.
# SPDX-License-Identifier: Apache-2.0


def run_straight(path):
    began = time.perf_counter()
    try:
        spec = _read_spec(path)
        _enter_space(Space("", spec.get("definitions", ())))
        _enter(spec)
        with _Output(spec["result"]) as output:
            return _straight_in(spec, output, began)
    except Environment as e:
        _complain(e)
        return 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        return 3


def _straight_in(spec, output, began):
    cells, status, error = Cells(spec), 0, None
    cells.prepare()
    points = sorted(enumerate(spec.get("checkpoints") or []), key=lambda p: p[1]["before_segment"])
    written = []
    _set_parameters(spec)
    cells.watch(sorted({n for _, p in points for n in p["names"]}))
    numbers = {id(s): i for i, s in enumerate(spec["segments"])}
    runs = []
    for segment in spec["segments"]:     # one namespace: nothing is brought along; a checkpoint may split a cell
        at = numbers[id(segment)]
        if runs and _place_of(runs[-1][0]) == _place_of(segment) and not any(p["before_segment"] == at for _, p in points):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    try:
        for segments in runs:
            points = _checkpoints(points, numbers[id(segments[0])], cells, output, written)
            cells.run_cell(segments)
        _checkpoints(points, len(spec["segments"]), cells, output, written)
    except Environment:
        raise
    except BaseException as e:
        status, error = 1, cells.errors or _bare_error(e, spec)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    metrics = _metrics(spec, cells.notes) if not status else {}
    result = {"status": "error" if status else "ok", "seconds": round(time.perf_counter() - began, 6),
              "peak_rss": _peak_rss(), "mutated": [], "notes": cells.notes,
              "cells": [dict(_told_place(r["place"]), seconds=round(r["seconds"], 6)) for r in cells.records]}
    if error:
        result["error"] = error
    output.json("checkpoints.json", {"checkpoints": written})
    _write_result(output, cells, metrics, result, status)
    _flush_files()
    return status


def _checkpoints(points, at, cells, output, written):
    """Writes the checkpoints due before segment `at`; returns the others."""
    while points and points[0][1]["before_segment"] <= at:
        number, point = points[0]
        points = points[1:]
        place = "checkpoints/%d" % number
        directory = os.path.join(output.work, place)
        os.makedirs(directory)
        names, values, unbound = _collect(point["names"])
        missing = {}
        _space.step = "straight/%d" % number
        while True:
            try:
                write_bundle(directory, names, values, cells.bound, cells.notebook, None, unbound)
                break
            except Unserializable as e:
                missing[e.name] = str(e)
                k = names.index(e.name)
                del names[k], values[k]
        written.append({"step": point["step"], "names": point["names"], "result": place, "missing": missing,
                        "places": {n: _told_place(cells.bound[n]) for n in point["names"] if n in cells.bound}})
    return points
