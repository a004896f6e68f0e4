"""Where the project is, and the environment in which it is measured."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "overlay", ROOT / "generated")

# Without bytecode every import takes twice as long. Proxies and settings of the user would change
# what is measured.
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR")


def environment() -> dict[str, str]:
    """The environment of a measured process."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _UNWANTED
        and not name.lower().endswith("_proxy")
        and not name.startswith(("TENSORMESH_", "OPENAI_"))
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, (*SOURCES, ROOT)))}
