"""`tm version`."""

from __future__ import annotations

import json
import platform

from support.command_line import tm

from tensormesh import __version__


def test_people_get_one_line() -> None:
    assert tm("version").stdout == f"tm {__version__}\n"


def test_programs_get_what_it_runs_on() -> None:
    assert tm("--output", "json", "version").json == {
        "name": "tensormesh",
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def test_raw_is_one_line() -> None:
    out = tm("--output", "raw", "version").stdout
    assert out.count("\n") == 1
    assert json.loads(out)["name"] == "tensormesh"


def test_nothing_but_the_version_needs_to_work() -> None:
    broken = {"TM_CONFIG_HOME": "/dev/null/x", "TENSORMESH_TIMEOUT_SECONDS": "soon"}
    assert tm("version", "--config", "/no/such/file", environ=broken).status == 0
