# Hidden library state, {name: (get, set)}: get returns None where the library was never imported.
# SPDX-License-Identifier: Apache-2.0


def _get_random():
    import random
    return random.getstate()


def _set_random(state):
    import random
    random.setstate(state)


def _get_numpy_random():
    np = sys.modules.get("numpy.random")
    return np.get_state() if np else None


def _set_numpy_random(state):
    import numpy
    numpy.random.set_state(state)


def _get_torch():
    torch = sys.modules.get("torch")
    if not torch:
        return None
    state = {"cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = [s.numpy() for s in torch.cuda.get_rng_state_all()]
    return state


def _set_torch(state):
    import torch
    torch.set_rng_state(torch.from_numpy(state["cpu"].copy()))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.from_numpy(s.copy()) for s in state["cuda"]])


_first_environ = {}


def _get_environ():
    import time         # as the notebook has it: only that one is told of its zone
    now = dict(os.environ)
    changed = {k: v for k, v in now.items() if _first_environ.get(k) != v}
    return {"set": dict(sorted(changed.items())), "gone": sorted(set(_first_environ) - set(now)), "zone": time.tzname}


def _set_environ(state):
    """As it was there: what a repeated line has set in this process meanwhile is gone, if it was taken away since."""
    import time
    for name in set(os.environ) - set(_first_environ) | set(state["gone"]):
        if name not in state["set"]:
            os.environ.pop(name, None)
    os.environ.update(state["set"])
    if time.tzname != state["zone"]:    # somebody called it since
        time.tzset()


def _get_pandas():
    if "pandas" not in sys.modules:
        return None
    from pandas._config import config
    found = {}
    for name, option in sorted(config._registered_options.items()):
        if name in config._deprecated_options:
            continue
        value = config.get_option(name)
        if value is not option.defval and value != option.defval:
            found[name] = value
    return found


def _set_pandas(state):
    """What a repeated line has set in this process meanwhile is as it was again, if that was taken back since."""
    import pandas
    for name in set(_get_pandas()) - set(state):
        pandas.reset_option("^%s$" % re.escape(name))
    for name, value in state.items():
        pandas.set_option(name, value)


def _get_matplotlib():
    mpl = sys.modules.get("matplotlib")
    if not mpl:
        return None
    return {k: v for k, v in dict.items(mpl.rcParams) if not k.startswith("backend") and k != "interactive"}


def _set_matplotlib(state):
    import matplotlib
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcParams.update(state)


def _get_print_options():
    np = sys.modules.get("numpy")
    return np.get_printoptions() if np else None


def _set_print_options(state):
    import numpy
    numpy.set_printoptions(**{k: v for k, v in state.items() if k != "override_repr"})


def _get_numpy_errors():
    np = sys.modules.get("numpy")
    return np.geterr() if np else None


def _set_numpy_errors(state):
    import numpy
    numpy.seterr(**state)


def _get_sklearn_config():
    sklearn = sys.modules.get("sklearn")
    return sklearn.get_config() if sklearn else None


def _set_sklearn_config(state):
    import sklearn
    sklearn.set_config(**state)


def _get_torch_options():
    torch = sys.modules.get("torch")
    return torch and {"dtype": torch.get_default_dtype(), "grad": torch.is_grad_enabled(), "threads": torch.get_num_threads()}


def _set_torch_options(state):
    import torch
    torch.set_default_dtype(state["dtype"])
    torch.set_grad_enabled(state["grad"])
    torch.set_num_threads(state["threads"])


def _get_decimal():
    decimal = sys.modules.get("decimal")
    return decimal.getcontext() if decimal else None


def _set_decimal(state):
    import decimal
    now = decimal.getcontext()      # changed in place: names may mean it already
    for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp"):
        setattr(now, name, getattr(state, name))
    for name in ("flags", "traps"):
        for kind, on in getattr(state, name).items():
            getattr(now, name)[kind] = on


def _get_warnings():
    import warnings
    return list(warnings.filters)


def _set_warnings(state):
    import warnings
    warnings.filters[:] = state
    getattr(warnings, "_filters_mutated", getattr(warnings, "_filters_mutated_lock_held", lambda: None))()


def _get_locale():
    import locale
    return locale.setlocale(locale.LC_ALL)


def _set_locale(state):
    import locale
    locale.setlocale(locale.LC_ALL, state)


_states = {
    "%random": (_get_random, _set_random),
    "%numpy.random": (_get_numpy_random, _set_numpy_random),
    "%torch": (_get_torch, _set_torch),
    "%environ": (_get_environ, _set_environ),
    "%cwd": (os.getcwd, os.chdir),
    "%sys.path": (lambda: list(sys.path), lambda state: sys.path.__setitem__(slice(None), state)),
    "%pandas.options": (_get_pandas, _set_pandas),
    "%matplotlib.rcParams": (_get_matplotlib, _set_matplotlib),
    "%numpy.printoptions": (_get_print_options, _set_print_options),
    "%numpy.errors": (_get_numpy_errors, _set_numpy_errors),
    "%sklearn.config": (_get_sklearn_config, _set_sklearn_config),
    "%torch.options": (_get_torch_options, _set_torch_options),
    "%sys.recursionlimit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "%decimal": (_get_decimal, _set_decimal),
    "%warnings": (_get_warnings, _set_warnings),
    "%locale": (_get_locale, _set_locale),
}
