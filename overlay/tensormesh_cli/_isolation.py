"""Keep the current directory out of the import path, and secrets out of child processes."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The settings of `tm`, and the variables that the documented curl examples keep keys in.
_PRIVATE = ("TENSORMESH_", "GATEWAY_", "SERVERLESS_")


def drop_current_directory() -> None:
    """Remove the current directory from the import path.

    `python -m` and an empty part of `PYTHONPATH` put it ahead of the standard library, so that a
    file in an unpacked archive could replace any module. Installed packages come after the
    standard library and stay.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        # The directory was deleted, so nothing can be imported from it.
        return
    if here == os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir)):
        return
    library = os.path.dirname(os.__file__)
    end = sys.path.index(library) if library in sys.path else len(sys.path)
    sys.path[:end] = [place for place in sys.path[:end] if os.path.realpath(place) != here]


def start(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Start a program in the background. Return whether it could be started.

    It gets neither the credentials in `environ` nor the current directory, and it cannot write to
    the terminal.
    """
    import subprocess
    import threading

    try:
        process = subprocess.Popen(  # noqa: S603 - callers pass fixed programs
            command,
            env={k: v for k, v in environ.items() if not k.upper().startswith(_PRIVATE)},
            cwd=os.path.abspath(os.sep),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
    except OSError:
        return False
    # Collect its exit status if it ends before we do, so that it does not stay as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return True
