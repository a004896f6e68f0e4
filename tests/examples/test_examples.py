"""Every example runs as it is printed, against the local host."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.cases import for_each
from support.project_files import ROOT

from tensormesh_local import LocalHost

EXPECTED = {
    "chat.py": "tokens in all",
    "demo.py": "The local host has stopped.",
    "invoice.py": "37.50 EUR in all",
    "many.py": "What is 21 * 21? 21 * 21 = 441.",
    "on_demand.py": "1, 2, 3, 4, 5",
    "tools.py": "lookup_weather(",
    "weather.py": "rain_forecast -> ",
}


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with LocalHost() as host:
        yield {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "overlay"), str(ROOT / "generated")]),
            "MODEL": "tm-local-chat",
            "TENSORMESH_INFERENCE_API_KEY": host.api_key,
            "TENSORMESH_SERVERLESS_BASE_URL": host.serverless_base_url,
            "TENSORMESH_ON_DEMAND_BASE_URL": host.on_demand_base_url,
            "TENSORMESH_ON_DEMAND_USER_ID": host.user_id,
        }


def test_every_example_is_tested() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == EXPECTED.keys()


@pytest.mark.slow
@for_each("name", EXPECTED)
def test_example_runs_and_shows_what_it_promises(name: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name)],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert EXPECTED[name] in done.stdout
