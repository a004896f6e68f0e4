"""`python -m tensormesh_docs write | check`: the generated documents of `tm`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tensormesh_docs.documents import documents, outdated

DOCS = Path(__file__).parents[2] / "docs"


def main() -> int:
    """Write the documents, or tell which ones are not what `tm` gives now."""
    parser = argparse.ArgumentParser(prog="python -m tensormesh_docs")
    parser.add_argument("command", choices=["write", "check"])
    command = parser.parse_args().command
    made = documents()
    old = outdated(DOCS, made)
    if command == "write":
        for name in old:
            path = DOCS / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[name], encoding="utf-8")
            print(f"docs/{name}")
        return 0
    for name in old:
        print(f"docs/{name} is out of date: run make docs", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
