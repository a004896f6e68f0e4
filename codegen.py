"""Generate the raw client: `python codegen.py generate | check | diff OLD NEW`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "overlay"))

if __name__ == "__main__":
    from tensormesh_codegen.cli import main

    raise SystemExit(main(ROOT))
