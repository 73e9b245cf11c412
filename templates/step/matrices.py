# Training data of XGBoost and LightGBM: what pickle can't take apart, these libraries write to files of their own.
# SPDX-License-Identifier: Apache-2.0


def _dump_dmatrix(matrix):
    fd = os.memfd_create("matrix", os.MFD_CLOEXEC)
    with os.fdopen(fd, "rb") as f:
        matrix.save_binary("/proc/self/fd/%d" % fd)
        return f.read()


def _dump_dataset(dataset):
    """Nothing, if it has yet to be made of the arrays that it holds. LightGBM writes to no file that is there already."""
    import tempfile
    if dataset._handle is None:
        return b""
    with tempfile.TemporaryDirectory(prefix="chard-") as folder:
        path = os.path.join(folder, "matrix")
        dataset.save_binary(path)
        with open(path, "rb") as f:
            return f.read()


def _read_dmatrix(kind, path):
    return kind(path)


def _read_dataset(kind, path):
    return kind(path, params={"verbosity": -1}).construct()


# (what it is as bytes, read from a path, the attribute that is memory of the library's own)
_matrices = {
    ("xgboost.core", "DMatrix"): (_dump_dmatrix, _read_dmatrix, "handle"),
    ("lightgbm.basic", "Dataset"): (_dump_dataset, _read_dataset, "_handle"),
}


def _library_of(kind):
    return _matrices[kind.__module__, kind.__name__]


def _matrix_parts(matrix):
    """What it consists of: its data with labels, weights, names and categories, as bytes; its attributes."""
    dump, _, handle = _library_of(type(matrix))
    return dump(matrix), {k: v for k, v in matrix.__dict__.items() if k != handle}


def _reduce_matrix(w, matrix):
    data, state = _matrix_parts(matrix)
    w.keep.append(state)
    return _make_matrix, (type(matrix), pickle.PickleBuffer(data), state)


def _make_matrix(kind, data, state):
    """The constructors take a path only, so a file without a name has to do."""
    _, read, handle = _library_of(kind)
    if not len(data):
        made = kind.__new__(kind)
        setattr(made, handle, None)
    else:
        fd = os.memfd_create("matrix", os.MFD_CLOEXEC)
        try:
            _write_all(fd, [data], 0)
            made = read(kind, "/proc/self/fd/%d" % fd)
        finally:
            os.close(fd)
    made.__dict__.update(state)
    return made
