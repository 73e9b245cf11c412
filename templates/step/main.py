# The command line.
# SPDX-License-Identifier: Apache-2.0


def main(arguments):
    usage = "usage: step.py run SPEC | pod ... | zygote [--preload a,b] | straight SPEC | compare SPEC | get X\n"
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(_FILE)):
        sys.path[0] = ""        # the notebook's directory comes here, never ours
    if len(arguments) == 2 and arguments[0] in ("run", "straight", "compare", "get"):
        if arguments[0] not in ("compare", "get"):
            _use_null_input()
        does = {"run": run_step, "straight": run_straight, "compare": run_compare, "get": run_get}
        _leave(does[arguments[0]](arguments[1]))
    if arguments[:1] == ["pod"]:
        _use_null_input()
        _leave(run_pod(arguments[1:]))
    if arguments[:1] == ["zygote"] and (len(arguments) == 1 or len(arguments) == 3 and arguments[1] == "--preload"):
        sys.path[0] = os.getcwd()
        Zygote(arguments[2].split(",") if len(arguments) == 3 else []).run()
    sys.stderr.write(usage)
    return 3


def _use_null_input():
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null:
        os.close(null)


if _STARTED:
    sys.exit(main(sys.argv[1:]))
