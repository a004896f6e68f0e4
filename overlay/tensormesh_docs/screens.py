"""Screens: real runs of `tm` against the local host, as pictures for the documents."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tensormesh_docs.recording import Dialogue, picture, run
from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

if TYPE_CHECKING:
    from pexpect import spawn

# What a screen shows must not change with the day, the machine or a free port.
TODAY = datetime(2026, 6, 1, tzinfo=UTC)
_PORT = "8080"


class Screen(NamedTuple):
    """One picture.

    Attributes:
        line: the command line, as a person types it.
        dialogue: what the person does while it runs.
    """

    line: str
    dialogue: Dialogue = None


def _talk(child: spawn[str]) -> None:
    child.expect("> ")
    child.sendline("Say hello.")
    child.expect(r"\?\r\n> ")
    child.sendline("/system Answer in one word.")
    child.expect(r"\n> ")
    child.sendcontrol("d")


SCREENS: Mapping[str, Screen] = {
    "help": Screen("tm --help"),
    "doctor": Screen("tm doctor"),
    "session": Screen(
        "tm infer chat --surface serverless --model openai/gpt-oss-20b", dialogue=_talk
    ),
    "cost": Screen("tm cost --month 2026-05 --output table"),
}


def record(screens: Mapping[str, Screen]) -> dict[str, str]:
    """Run each command line on a terminal of its own.

    Args:
        screens: what to record, by name.

    Returns:
        The pictures by name, as SVG.
    """
    host = LocalHost(seed_data="demo", clock=ManualClock(TODAY))
    with host, tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        env = _environment(home, host)
        run("tm --quiet init --sync", env)
        plain = _plain(home, host)
        return {
            name: picture(name, screen.line, plain(run(screen.line, env, dialogue=screen.dialogue)))
            for name, screen in screens.items()
        }


def _environment(home: Path, host: LocalHost) -> dict[str, str]:
    sources = Path(__file__).parents[1], Path(__file__).parents[2] / "generated"
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PYTHONUTF8": "1",
        "HOME": str(home),
        "TENSORMESH_CONTROL_PLANE_BASE_URL": host.control_plane_base_url,
        "TENSORMESH_CONTROL_PLANE_TOKEN": host.control_plane_token,
        "TENSORMESH_SERVERLESS_BASE_URL": host.serverless_base_url,
        "TENSORMESH_ON_DEMAND_BASE_URL": host.on_demand_base_url,
    }


def _plain(home: Path, host: LocalHost) -> Callable[[str], str]:
    """Takes what is of this machine and this run out of a text."""
    port = host.serverless_base_url.rsplit(":", 1)[1].split("/")[0]

    def plain(text: str) -> str:
        return text.replace(str(home), "~").replace(f"127.0.0.1:{port}", f"127.0.0.1:{_PORT}")

    return plain
