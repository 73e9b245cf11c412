# Tracebacks, at the notebook's own cells and lines.
# SPDX-License-Identifier: Apache-2.0

_cell_files = {}        # file name that code was compiled under -> place


def _place_of(segment):
    """Which cell a piece of code is of: (notebook, cell), where None is the spec's own notebook."""
    return segment.get("notebook"), segment["cell"]


def _told_place(place):
    """A place as results tell it."""
    if place is None:
        return {"cell": None}
    return {"cell": place[1], "notebook": place[0]} if place[0] else {"cell": place[1]}


def _cell_file(notebook, place):
    name = "%s, cell %s" % (place[0] or notebook, place[1])
    _cell_files[name] = place
    return name


def _user_frames(tb):
    """The traceback without the harness's own frames at its top."""
    while tb is not None and tb.tb_frame.f_code.co_filename == _FILE:
        tb = tb.tb_next
    return tb


def _strip_harness(error, seen=None):
    seen = set() if seen is None else seen
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _user_frames(error.__traceback__)
        _strip_harness(error.__cause__, seen)
        error = error.__context__


def _format_error(error):
    """A traceback's text; its places in the notebook read "train.ipynb, cell 7, line 3"."""
    import traceback
    try:
        _strip_harness(error)
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as e:
        text = "%s: (its traceback can't be shown: %s)\n" % (type(error).__name__, e)

    def place(m):
        if m.group(2) not in _cell_files:
            return m.group(0)
        where = m.group(4) or ""
        return "%s%s, line %s%s" % (m.group(1), m.group(2), m.group(3), "" if where == ", in <module>" else where)
    return re.sub(r'^([ |+]*)File "([^"\n]*)", line (\d+)(, in .*)?$', place, text, flags=re.M)


def _places(error):
    """[{"cell", "line", "function"}] where an exception went through the notebook, outermost first."""
    places, tb = [], error.__traceback__
    while tb is not None and len(places) < 200:
        code = tb.tb_frame.f_code
        if code.co_filename in _cell_files:
            places.append(dict(_told_place(_cell_files[code.co_filename]), line=tb.tb_lineno, function=code.co_name))
        tb = tb.tb_next
    if isinstance(error, SyntaxError) and error.filename in _cell_files:
        places.append(dict(_told_place(_cell_files[error.filename]), line=error.lineno, function="<module>"))
    return places


def _error_message(error):
    try:
        return str(error)
    except Exception:
        return "<its message can't be shown>"


def _print_error():
    error = sys.exc_info()[1]
    sys.stderr.write(_format_error(error))
