"""The documents by name, and whether the ones on disk are still true."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from tensormesh_docs.reference import reference
from tensormesh_docs.screens import SCREENS, record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFERENCE = "cli-reference.md"
_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)


def documents() -> dict[str, str]:
    """Every generated document, made now, by its path in `docs/`."""
    screens = record(SCREENS)
    return {REFERENCE: reference()} | {
        f"screens/{name}.svg": content for name, content in screens.items()
    }


def outdated(folder: Path, made: Mapping[str, str]) -> list[str]:
    """The documents that are missing, or say something else.

    Args:
        folder: where they are.
        made: what they should be, by path in the folder.
    """
    return [
        name
        for name, content in made.items()
        if not (folder / name).is_file()
        or said(name, (folder / name).read_text(encoding="utf-8")) != said(name, content)
    ]


def said(name: str, content: str) -> str:
    """What a reader of a document sees.

    How a picture is drawn may change with the library that draws it: only its text counts,
    without the spaces, which are where a piece ends.
    """
    if not name.endswith(".svg"):
        return content
    return "".join(html.unescape("".join(_TEXT.findall(content))).split())
