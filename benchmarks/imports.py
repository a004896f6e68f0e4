"""Cost of `import tensormesh`, each time in a fresh process."""

from __future__ import annotations

from collections.abc import Iterator

from .clients import is_installed
from .measure import Setting, fresh_timer, ratio_row, run_fresh, show_medians, take_turns
from .report import Row

_LOADED = """
import tensormesh
tensormesh.Tensormesh, tensormesh.AsyncTensormesh
heavy = [name for name in ("httpx", "httpcore", "ssl", "asyncio", "msgspec", "attr")
         if name in sys.modules]
print(*heavy, *(name for name in sys.modules if name.startswith("tensormesh_api")))
"""


def run(setting: Setting) -> Iterator[Row]:
    """Compare import times, and count the heavy modules that an import loads."""
    programs = {
        "tensormesh": "import tensormesh",
        "its client": "from tensormesh import Tensormesh",
        "httpx": "import httpx",
    }
    if is_installed("openai"):
        programs["openai"] = "import openai"
    timers = {name: fresh_timer(program) for name, program in programs.items()}
    figures = take_turns(timers, setting.choose(15, 3))
    note = show_medians(figures, "{:.1f} ms")
    for ours, peer, target, shown in (
        ("tensormesh", "httpx", 0.4, note),
        ("tensormesh", "openai", 0.05, ""),
        ("its client", "openai", 0.06, ""),
    ):
        name = f"{programs[ours]} / import {peer}"
        yield ratio_row(figures, name, ours, peer, target, note=shown)
    loaded = run_fresh(_LOADED).split()
    name = "heavy modules and models loaded"
    yield Row(name, len(loaded), "modules", target=0, note=" ".join(loaded))
