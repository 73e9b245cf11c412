# One step, from its specification to its result.
# SPDX-License-Identifier: Apache-2.0


def run_step(path):
    """Runs a step; returns the exit status."""
    began = time.perf_counter()
    try:
        spec = _read_spec(path)
        _enter_space(Space(spec.get("step", ""), spec.get("definitions", ())))
        _enter(spec)
        with _Output(spec["result"], spec.get("fsync", False)) as output:
            return _run_in(spec, output, began)
    except Environment as e:
        _complain(e)
        return 3
    except KeyError as e:
        _complain("%s: the specification lacks %s" % (path, e))
        return 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        return 3


def _complain(message):
    text = "chard: %s\n" % message
    try:
        if _err is not None:
            _err.put(text)
            _err.flush()
        else:
            os.write(2, text.encode("utf-8", "replace"))
    except OSError:
        pass


def _set_parameters(spec):
    for name, value in (spec.get("parameters") or {}).items():
        _space.ns[name] = json.loads(json.dumps(value)) if isinstance(value, (list, dict)) else value


def _run_in(spec, output, began):
    cells, inputs = Cells(spec), Inputs(spec.get("inputs") or [], any(".resize" in s["source"] for s in spec["segments"]))
    asked = [o["name"] for o in spec.get("outputs") or []]
    data = {o["name"].partition(".")[0] for o in spec.get("outputs") or [] if o.get("kind", "data") == "data"}
    _space.definitions -= data
    cells.prepare()
    status, error, mutated, metrics = 0, None, [], {}
    try:
        if spec.get("loop"):
            cells.rounds = Rounds(spec, cells, inputs, output.work)
        _run_segments(spec, cells, inputs, asked)
    except Environment:
        raise
    except Stop:
        pass
    except BaseException as e:
        status, error = 1, cells.errors or _bare_error(e, spec)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:     # else it has come, and may come again
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    try:
        if status == 0:
            _note_threads(cells.notes)
            metrics = _metrics(spec, cells.notes)
            _space.definitions -= set(inputs.changed_classes())     # other steps have their code only
            status, error = _save(spec, cells, inputs, asked, output)
        if status == 0:
            mutated = _mutated(spec, inputs, cells)
        result = {"status": "error" if status else "ok", "seconds": round(time.perf_counter() - began, 6),
                  "peak_rss": _peak_rss(), "mutated": mutated, "notes": cells.notes,
                  "cells": [dict(_told_place(r["place"]), seconds=round(r["seconds"], 6)) for r in cells.records]}
        if error:
            result["error"] = error
        _write_result(output, cells, metrics, result, status)
    finally:
        gc.enable()
        inputs.close()
        _flush_streams()
        _flush_files()
    return status


def _run_segments(spec, cells, inputs, asked):
    runs = _by_cell(spec["segments"])
    lead = 0
    _set_parameters(spec)
    while lead < len(runs) and runs[lead][1] and not runs[lead][2][0].get("late"):
        _run_replicated(cells, runs[lead][2])
        lead += 1
    _set_parameters(spec)
    collects = gc.isenabled()
    gc.disable()
    try:
        inputs.load()
    finally:
        if collects:
            gc.enable()
    cells.watch(asked)
    inputs.watch_classes()
    cells.modules = ModuleWatch()
    for cell, replicated, segments in runs[lead:]:
        if replicated:
            _run_replicated(cells, segments)
        else:
            cells.run_cell(segments)


def _run_replicated(cells, segments):
    try:
        for segment in segments:
            cells.run_replicated(segment)
    except BaseException as e:
        _recorder.begin()
        cells._failed(e, _place_of(segments[0]))
        cells.records.append({"place": _place_of(segments[0]), "source": segments[0]["source"], "count": None,
                              "outputs": _recorder.outputs, "seconds": 0.0})
        raise
    finally:
        cells.note_bindings(_place_of(segments[0]))


def _bare_error(e, spec):
    text = _format_error(e)
    _complain(text)
    if isinstance(e, Canceled):
        return {"type": "Canceled", "message": "the step was asked to end (SIGTERM)", "cell": None, "line": None, "traceback": text}
    return {"type": type(e).__name__, "message": _error_message(e), "cell": None, "line": None, "traceback": text}


def _metrics(spec, notes):
    found = {}
    for name in spec.get("metrics") or []:
        if name not in _space.ns:
            notes.append("metric %s has no value" % name)
            continue
        found[name] = _number(_space.ns[name])
        if found[name] is None:
            notes.append("metric %s is not a finite number but %s" % (name, _short(_space.ns[name], 60)))
    return found


def _note_threads(notes):
    threading = sys.modules.get("threading")
    if not threading:
        return
    names = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon
             and not t.name.startswith("ThreadPoolExecutor")]
    if names:
        notes.append("threads that still ran at the step's end were ended: %s" % ", ".join(names[:10]))


def _collect(names):
    """(names, values) of those that are bound, and the names that aren't."""
    bound, values, unbound = [], [], []
    for name in names:
        if name.startswith("%") and _state_of_library(name):
            value = _state_of_library(name)[0]()
            present = value is not None
        else:
            present = name in _space.ns
            value = _space.ns.get(name)
        if present:
            bound.append(name)
            values.append(value)
        else:
            unbound.append(name)
    return bound, values, unbound


def _save(spec, cells, inputs, asked, output):
    """Writes the values: (exit status, error)."""
    names, values, unbound = _collect(asked)
    optional = {o["name"] for o in spec.get("outputs") or [] if o.get("optional")}
    for name in unbound:
        if name not in optional and not name.startswith("%"):
            cells.notes.append("%s is not bound at the step's end" % name)
    extras = {n: v for n, v in inputs.kept().items() if n not in asked} if values else {}
    try:
        write_bundle(output.work, names, values, cells.bound, cells.notebook, extras, unbound, spec.get("fsync", False))
    except Unserializable as e:
        output.drop("values.bin", "values.json")
        _complain("%s\n  way out: %s" % (e, e.hint))
        error = dict(_told_place(e.cell), type="Unserializable", message=str(e), line=None, traceback="", name=e.name,
                     hint=e.hint)
        return 2, error
    except MemoryError as e:
        output.drop("values.bin", "values.json")
        _complain("out of memory while the outputs were saved")
        return 1, {"type": "MemoryError", "message": "out of memory while the outputs were saved: %s" % e, "cell": None,
                   "line": None, "traceback": ""}
    except OSError as e:
        output.drop("values.bin", "values.json")
        _complain("the outputs can't be written to %s: %s" % (output.path, e.strerror or e))
        return 3, {"type": "Environment", "message": "the outputs can't be written to %s: %s" % (
            output.path, e.strerror or e), "cell": None, "line": None, "traceback": ""}
    return 0, None


def _mutated(spec, inputs, cells):
    names = inputs.find_mutated(cells.notes)
    said = {o["name"] for o in spec.get("outputs") or []}
    own = {_place_of(s) for s in spec["segments"] if not s.get("replicated")}
    place = own.pop() if len(own) == 1 else None
    modules = [dict(_told_place(where), name=n) for n, where in cells.modules.changes if n not in said]
    touched = [dict(_told_place(place), name=n, by=by) for n, by in inputs.find_touched(cells.notes).items() if n not in said]
    return [dict(_told_place(place), name=n) for n in names] + touched + modules


def _write_result(output, cells, metrics, result, status):
    try:
        output.json("outputs.ipynb", cells.notebook_json())
        if not status:
            output.json("metrics.json", metrics)
        output.json("result.json", result)
    except OSError as e:
        # No room for what was shown: the bare result may still fit.
        output.drop("values.bin", "values.json", "outputs.ipynb", "metrics.json")
        message = "the result can't be written to %s: %s" % (output.path, e.strerror or e)
        result.update(status="error", error=result.get("error") or {
            "type": "Environment", "message": message, "cell": None, "line": None, "traceback": ""})
        output.json("result.json", result)
        output.place()
        raise Environment(message) from e
    output.place()


def _flush_files():
    """What the notebook's open files hold back is written, as when an interpreter ends."""
    kinds = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
    for obj in gc.get_objects():
        if type(obj) in kinds:
            try:
                if not obj.closed:
                    obj.flush()
            except Exception:
                pass


def _leave(status, report=None):
    """Ends the process without tearing down the interpreter: there is nothing left that anyone waits for."""
    try:
        atexit = sys.modules.get("atexit")
        if atexit and atexit._ncallbacks():
            _end_pools()
            atexit._run_exitfuncs()
    except BaseException:
        pass
    _flush_streams()
    try:
        if report:
            report(status)
    except BaseException:
        pass
    os._exit(status)


def _end_pools():
    """Worker processes that Python itself would end with this one."""
    processes = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if processes:
        threading, start = sys.modules["threading"], processes.BaseProcess.start

        def start_no_more(self):
            while threading.current_thread() is not threading.main_thread():
                time.sleep(1)       # a pool's thread, about to replace the workers that end here
            return start(self)
        processes.BaseProcess.start = start_no_more
        for p in processes.active_children():
            if p.daemon:
                p.terminate()
    if util:    # it would wait for the other children, perhaps for ever
        sys.modules["atexit"].unregister(util._exit_function)
