"""A terminal that is recorded, and the picture of what it showed."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pexpect
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialogue: TypeAlias = Callable[["pexpect.spawn[str]"], None] | None

COLUMNS = 100
_ROWS = 60
_SECONDS = 60
# What progress has drawn is erased before a result comes.
_ERASED = re.compile(r"[^\n]*\r\x1b\[K")
# All that is no colour: where the cursor goes, and modes of the terminal.
_MOVES = re.compile(r"\x1b\[[?>]?[0-9;]*[A-Za-ln-z]")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def run(line: str, env: Mapping[str, str], *, dialogue: Dialogue = None) -> str:
    """Run a command line of `tm` on a terminal.

    Args:
        line: as a person types it, `tm` first.
        env: the whole environment of the process.
        dialogue: what a person does meanwhile.

    Returns:
        What was left on the screen, with its colours.

    Raises:
        pexpect.ExceptionPexpect: it did not end, or did not say what the dialogue expects.
    """
    name, *arguments = shlex.split(line)
    assert name == "tm"
    shown = io.StringIO()
    # Where a person types, lines stay lines only on a terminal that cannot move its cursor.
    terminal = "xterm-256color" if dialogue is None else "dumb"
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tensormesh_cli", *arguments],
        env={**env, "TERM": terminal},
        encoding="utf-8",
        timeout=_SECONDS,
        dimensions=(_ROWS, COLUMNS),
    )
    child.logfile_read = shown
    try:
        if dialogue is not None:
            dialogue(child)
        child.expect(pexpect.EOF)
    finally:
        child.close()
    return settled(shown.getvalue())


def settled(written: str) -> str:
    """What is left of what was written to a terminal, colours included."""
    text = _MOVES.sub("", _ERASED.sub("", written)).replace("\r", "")
    return "\n".join(line.rstrip() for line in text.splitlines())


def picture(name: str, line: str, shown: str) -> str:
    """An SVG of a terminal.

    Args:
        name: distinguishes its styles from those of other pictures of a page.
        line: the command line.
        shown: what it left on the screen.
    """
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        _environ={},
    )
    console.print(Text.assemble(("$ ", "bold green"), (line, "bold")))
    console.print(Text.from_ansi(shown))
    svg = console.export_svg(title="tm", theme=DIMMED_MONOKAI, unique_id=f"tm-{name}")
    # No fonts are fetched from anywhere: that of the reader will do.
    return _FONTS.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas") + "\n"
