"""The generated pages and screenshots of `tm` are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project_files import ROOT

from tensormesh_api.control_plane.commands import COMMANDS
from tensormesh_docs.documents import REFERENCE, documents, outdated, said
from tensormesh_docs.recording import settled
from tensormesh_docs.reference import DOCUMENTED, walk
from tensormesh_docs.screens import SCREENS

DOCS = ROOT / "docs"
README = DOCS.parent / "README.md"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


@pytest.mark.slow
def test_the_reference_and_the_screens_are_up_to_date(made: dict[str, str]) -> None:
    assert outdated(DOCS, made) == [], "run make docs"


def test_missing_and_changed_documents_are_reported(tmp_path: Path, made: dict[str, str]) -> None:
    (tmp_path / "screens").mkdir()
    for name, content in made.items():
        (tmp_path / name).write_text(content)
    assert outdated(tmp_path, made) == []
    screen = tmp_path / "screens" / "session.svg"
    screen.write_text(screen.read_text().replace("hello", "hullo"))
    (tmp_path / REFERENCE).unlink()
    assert outdated(tmp_path, made) == [REFERENCE, "screens/session.svg"]


def test_every_screen_is_used_and_no_other_exists() -> None:
    texts = "".join(path.read_text("utf-8") for path in (README, *DOCS.glob("*.md")))
    shown = set(re.findall(r"screens/([a-z-]+)\.svg\)", texts))
    assert shown == set(SCREENS)
    assert {path.stem for path in (DOCS / "screens").iterdir()} == set(SCREENS)


def test_screens_contain_no_local_paths_ports_or_urls(made: dict[str, str]) -> None:
    for name in SCREENS:
        text = said(".svg", made[f"screens/{name}.svg"])
        assert text
        assert set(re.findall(r"127\.0\.0\.1:(\d+)", text)) <= {"8080"}
        assert str(Path.home()) not in text
        assert "Traceback" not in text
        assert "http" not in re.sub(r"http://(www\.w3\.org|127\.0\.0\.1)", "", text)


def test_erased_text_is_not_on_the_screen() -> None:
    written = "\r\x1b[K⠋ Waiting\r\x1b[K\x1b[32mdone\x1b[0m  \r\n\x1b[?25hnext\r\n"
    assert settled(written) == "\x1b[32mdone\x1b[0m\nnext"


def test_the_reference_lists_every_command(made: dict[str, str]) -> None:
    from tensormesh_cli._click import TmGroup
    from tensormesh_cli._root import root

    words = [w for w, context in walk(root, None, ()) if not isinstance(context.command, TmGroup)]
    headings = re.findall(r"^## `tm (.*)`$", made[REFERENCE], re.MULTILINE)
    assert headings == [" ".join(each) for each in words]
    assert set(COMMANDS) - {("auth", "refresh")} <= set(words)
    assert set(words) >= DOCUMENTED
