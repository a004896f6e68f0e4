"""``python -m tensormesh_local``."""

from __future__ import annotations

import sys

from tensormesh_extras import install_hint


def _run() -> int:
    try:
        from tensormesh_local.cli import main
    except ModuleNotFoundError as error:
        print(
            f"tensormesh_local: error: {error.name} is not installed: {install_hint('local')}",
            file=sys.stderr,
        )
        return 2
    return main()


sys.exit(_run())
