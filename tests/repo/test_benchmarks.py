"""The report of `make bench`, and the dependencies it must not add."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.cases import for_each
from support.project_files import ROOT

from benchmarks.__main__ import SUITES, main
from benchmarks.document import remarks_on_run, write
from benchmarks.processes import COST, RATE
from benchmarks.report import Row
from benchmarks.scale import BY_LENGTH, BY_STREAMS


def row(**values: object) -> Row:
    return Row(**{"suite": "s", "name": "n", "reached": 1.0, **values})  # type: ignore[arg-type]


@for_each(
    ("reached", "at_least", "verdict"),
    [
        (1.9, False, "met"),
        (2.0, False, "met"),
        (2.1, False, "missed"),
        (1.9, True, "missed"),
        (2.0, True, "met"),
        (None, False, "skipped"),
        (None, True, "skipped"),
    ],
)
def test_the_verdict_compares_target_and_figure(
    reached: float | None, at_least: bool, verdict: str
) -> None:
    assert row(reached=reached, target=2, at_least=at_least).verdict == verdict
    assert row(target=None, at_least=at_least).verdict == ""


def test_the_document_contains_every_figure_and_the_chart(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    points = [(BY_STREAMS, 1), (BY_STREAMS, 100), (BY_LENGTH, 10)]
    rows = [
        row(name="a call", reached=0.5, target=0.75, note="a <note>"),
        *(row(suite="scale", name=f"{name}, tensormesh", reached=10, at=at) for name, at in points),
        row(suite="processes", name=RATE, reached=1234, at=1),
        row(suite="processes", name=COST, reached=600, at=1),
    ]
    write(document, rows, {"python": "CPython 9"}, ["It was raining."])
    text = document.read_text("utf-8")
    assert "It was raining." in text
    assert "| python | CPython 9 |" in text
    assert "| s: a call | <= 0.75 | 0.5 | met | a <note> |" in text
    assert "1 of 1 targets met" in text
    assert "| 1 | 1,234 | 600 µs |" in text
    # 1,667 calls a second of 600 µs; streamed, 200 chunks of 10 µs.
    words = " ".join(text.split())
    assert "need 1.0 cores. Processes needed, at 60% of a core each: **2**." in words
    assert "need 3.3 cores. Processes needed: **6**." in words
    assert "further calls wait. Processes needed: **9**." in words
    drawing = ElementTree.fromstring((tmp_path / "benchmarks.svg").read_text("utf-8"))
    assert len(drawing.findall(".//{*}circle")) == len(points)
    assert "](benchmarks.svg)" in text


def test_the_document_skips_figures_that_could_not_be_measured(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    write(document, [row(reached=None, target=1, note="no peer")], {}, [])
    assert "| skipped | no peer |" in document.read_text("utf-8")


def test_the_document_mentions_quick_busy_and_failed_runs() -> None:
    assert remarks_on_run(quick=False, load=0.1, cores=2, failed=[]) == []
    quick, busy, failed = remarks_on_run(quick=True, load=2.5, cores=2, failed=["call", "cli"])
    assert "quick" in quick
    assert "2.5 on 2 cores" in busy
    assert "call, cli" in failed


def test_a_document_needs_all_suites(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "call", "--document", "x.md"])
    assert "--only" in capsys.readouterr().err


def test_every_suite_exists() -> None:
    assert [name for name in SUITES if find_spec(f"benchmarks.{name}") is None] == []


def test_peers_are_not_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    # The tests pass its models to `parse`.
    extras["dev"] = [each for each in extras["dev"] if not each.startswith("pydantic>")]
    wanted = [*project["dependencies"], *(each for extra in extras.values() for each in extra)]
    names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in wanted}
    lines = (ROOT / "benchmarks" / "peers.txt").read_text("utf-8").splitlines()
    peers = {line for line in lines if not line.startswith("#")}
    assert peers
    assert not names & peers
