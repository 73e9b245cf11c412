/* See builtins.h. Sorted as strcmp sorts, for bsearch.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/builtins.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BaseExceptionGroup", "BlockingIOError",
    "BrokenPipeError", "BufferError", "BytesWarning", "ChildProcessError", "ConnectionAbortedError",
    "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "DeprecationWarning", "EOFError",
    "Ellipsis", "EncodingWarning", "EnvironmentError", "Exception", "ExceptionGroup", "False", "FileExistsError",
    "FileNotFoundError", "FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportError",
    "ImportWarning", "In", "IndentationError", "IndexError", "InterruptedError", "IsADirectoryError", "KeyError",
    "KeyboardInterrupt", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError", "None",
    "NotADirectoryError", "NotImplemented", "NotImplementedError", "OSError", "Out", "OverflowError",
    "PendingDeprecationWarning", "PermissionError", "ProcessLookupError", "PythonFinalizationError",
    "RecursionError", "ReferenceError", "ResourceWarning", "RuntimeError", "RuntimeWarning", "StopAsyncIteration",
    "StopIteration", "SyntaxError", "SyntaxWarning", "SystemError", "SystemExit", "TabError", "TimeoutError",
    "True", "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError",
    "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError", "Warning", "WindowsError",
    "ZeroDivisionError", "_", "_IncompleteInputError", "__", "___", "__annotations__", "__build_class__",
    "__builtin__", "__builtins__", "__debug__", "__doc__", "__import__", "__loader__", "__name__", "__package__",
    "__spec__", "_dh", "_i", "_ih", "_ii", "_iii", "_oh", "abs", "aiter", "all", "anext", "any", "ascii", "bin",
    "bool", "breakpoint", "bytearray", "bytes", "callable", "chr", "classmethod", "compile", "complex", "copyright",
    "credits", "delattr", "dict", "dir", "display", "divmod", "enumerate", "eval", "exec", "exit", "filter",
    "float", "format", "frozenset", "get_ipython", "getattr", "globals", "hasattr", "hash", "help", "hex", "id",
    "input", "int", "isinstance", "issubclass", "iter", "len", "license", "list", "locals", "map", "max",
    "memoryview", "min", "next", "object", "oct", "open", "ord", "pow", "print", "property", "quit", "range",
    "repr", "reversed", "round", "set", "setattr", "slice", "sorted", "staticmethod", "str", "sum", "super",
    "tuple", "type", "vars", "zip",
};

static int
compare (const void *key, const void *item)
{
    return strcmp (key, *(const char *const *) item);
}

bool
builtins_has (const char *name)
{
    return bsearch (name, names, sizeof names / sizeof *names, sizeof *names, compare) != NULL;
}

bool
builtins_is_history (const char *name)
{
    static const char *const history[] = { "_", "__", "___", "Out", "_oh", "In", "_ih" };
    for (size_t i = 0; i < sizeof history / sizeof *history; i++)
        if (strcmp (name, history[i]) == 0)
            return true;
    return false;
}
