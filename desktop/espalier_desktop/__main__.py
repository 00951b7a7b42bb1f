"""The app: its window, or, started as Python is with ``-m``, one of our own modules in a process of its own.

Inside an app ``sys.executable`` is the app itself. So that the worker, the survey and the readers of documents start in
the same way everywhere, it understands the few arguments of Python that they use.
"""

import multiprocessing
import re
import runpy
import sys

_OURS = ("espalier", "espalier_desktop", "mlx_lm")
_SWITCHES = ("-P", "-I", "-s", "-S", "-E", "-B", "-u")  # keep paths and variables away that an app does not have
_HELPER = re.compile(r"from multiprocessing\.(resource_tracker|spawn|forkserver) import \w+; ?\w+\([\w=, ]*\)")


def main() -> None:
    """Run what the arguments ask for, and leave with its exit status."""
    multiprocessing.freeze_support()
    while sys.argv[1:2] and sys.argv[1] in _SWITCHES:
        del sys.argv[1]
    option, value = [*sys.argv[1:3], "", ""][:2]
    if option == "-m" and value.partition(".")[0] in _OURS:
        sys.argv = sys.argv[2:]
        runpy.run_module(value, run_name="__main__", alter_sys=True)
    elif option == "-c" and _HELPER.fullmatch(value):  # tqdm alone starts one; it would be a second window
        sys.argv = ["-c", *sys.argv[3:]]
        exec(value, {"__name__": "__main__"})
    elif option in ("-m", "-c"):
        sys.exit(
            f"{sys.executable}: No module named {value}" if option == "-m" else "Espalier runs no code from outside."
        )
    else:
        from espalier_desktop.app import main as run_window

        sys.exit(run_window())


if __name__ == "__main__":
    main()
