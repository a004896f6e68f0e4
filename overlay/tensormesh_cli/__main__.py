"""`python -m tensormesh_cli` is `tm`."""

from __future__ import annotations

from tensormesh_cli.main import run

if __name__ == "__main__":
    run()
