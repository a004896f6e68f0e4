"""What `import tensormesh` costs, each time in a fresh process."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from .measure import fresh_milliseconds, fresh_process, ratio, take_turns
from .report import Row
from .setting import Setting, has_openai

_LOADED = """
import tensormesh
tensormesh.Tensormesh, tensormesh.AsyncTensormesh
heavy = [name for name in ("httpx", "httpcore", "ssl", "asyncio", "msgspec", "attr")
         if name in sys.modules]
print(*heavy, *(name for name in sys.modules if name.startswith("tensormesh_api")))
"""


def run(setting: Setting) -> Iterator[Row]:
    """Import times, and what an import loads."""
    programs = {
        "tensormesh": "import tensormesh",
        "its client": "from tensormesh import Tensormesh",
        "httpx": "import httpx",
    }
    if has_openai():
        programs["openai"] = "import openai"
    figures = take_turns(
        {name: fresh_milliseconds(program) for name, program in programs.items()},
        setting.choose(15, 3),
    )
    shown = ", ".join(f"{name} {median(values):.1f} ms" for name, values in figures.items())
    yield Row(
        suite="import",
        name="import tensormesh / import httpx",
        reached=ratio(figures, "tensormesh", "httpx"),
        target=0.4,
        note=shown,
    )
    for what, name, target in (
        ("import tensormesh", "tensormesh", 0.05),
        ("from tensormesh import Tensormesh", "its client", 0.06),
    ):
        yield Row(
            suite="import",
            name=f"{what} / import openai",
            reached=ratio(figures, name, "openai") if has_openai() else None,
            target=target,
            note="" if has_openai() else "openai is not installed",
        )
    loaded = fresh_process(_LOADED).split()
    yield Row(
        suite="import",
        name="heavy modules and models loaded",
        reached=len(loaded),
        unit="modules",
        target=0,
        note=" ".join(loaded),
    )
