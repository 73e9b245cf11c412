# Digests of values, by which the cache tells them apart.
# SPDX-License-Identifier: Apache-2.0

_GMAC_KEY, _GMAC_IV = b"chard.hand-over.", b"values.bin.1"
_crypto = None


def _libcrypto():
    """The libcrypto that this Python itself uses, through ctypes; False if it has none of its own."""
    global _crypto
    if _crypto is not None:
        return _crypto
    _crypto = False
    try:
        import ctypes
        import _hashlib  # noqa: F401  (loads it)
        with open("/proc/self/maps") as f:
            path = next(line.split(None, 5)[5].strip() for line in f if "libcrypto" in line)
        lib, p, n = ctypes.CDLL(path), ctypes.c_void_p, ctypes.c_int
        for name, result, arguments in (
                ("EVP_CIPHER_CTX_new", p, []), ("EVP_aes_128_gcm", p, []), ("EVP_CIPHER_CTX_free", None, [p]),
                ("EVP_EncryptInit_ex", n, [p, p, p, ctypes.c_char_p, ctypes.c_char_p]),
                ("EVP_EncryptUpdate", n, [p, p, p, p, n]), ("EVP_EncryptFinal_ex", n, [p, p, p]),
                ("EVP_CIPHER_CTX_ctrl", n, [p, n, n, p])):
            f = getattr(lib, name)
            f.restype, f.argtypes = result, arguments
        _crypto = lib
    except Exception:
        pass
    return _crypto


def _make_view_type():
    import ctypes

    class Py_buffer(ctypes.Structure):
        _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t),
                    ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                    ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
                    ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p)]
    api, pointer = ctypes.pythonapi, ctypes.POINTER(Py_buffer)
    api.PyObject_GetBuffer.argtypes = [ctypes.py_object, pointer, ctypes.c_int]
    api.PyBuffer_Release.argtypes = [pointer]
    return ctypes, Py_buffer


_view_type = None


def _address(view):
    """Address of a buffer that may be read-only."""
    global _view_type
    if _view_type is None:
        _view_type = _make_view_type()
    ctypes, Py_buffer = _view_type
    b = Py_buffer()
    ctypes.pythonapi.PyObject_GetBuffer(view, ctypes.byref(b), 0)
    address = b.buf
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(b))
    return address


def _gmac(view):
    """16-byte tag of a buffer: AES-128-GMAC with a known key."""
    import ctypes
    lib, at, left = _libcrypto(), _address(view), view.nbytes
    ctx = lib.EVP_CIPHER_CTX_new()
    n, tag = ctypes.c_int(0), ctypes.create_string_buffer(16)
    good = lib.EVP_EncryptInit_ex(ctx, lib.EVP_aes_128_gcm(), None, _GMAC_KEY, _GMAC_IV)
    while left and good == 1:
        size = min(left, 1 << 24)
        good = lib.EVP_EncryptUpdate(ctx, None, ctypes.byref(n), at, size)
        at, left = at + size, left - size
    good = good == 1 and lib.EVP_EncryptFinal_ex(ctx, tag, ctypes.byref(n)) == 1
    good = good and lib.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, tag) == 1
    lib.EVP_CIPHER_CTX_free(ctx)
    if not good:
        raise Environment("libcrypto refuses AES-128-GCM")
    return tag.raw


def _digest_group(chunks, buffers):
    """(hex digest, algorithm) of a group."""
    import hashlib
    h = hashlib.sha256()
    for chunk in chunks:
        h.update(chunk)
    if sum(b.nbytes for b in buffers) < FAST_DIGEST or not _libcrypto():
        for b in buffers:
            h.update(b)
        return h.hexdigest(), "sha256"
    for b in buffers:
        h.update(_gmac(b))
    return h.hexdigest(), "sha256-gmac"
