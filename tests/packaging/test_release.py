"""The steps in docs/release.md work, from the new version to the tag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project_files import ROOT
from support.recipes import Copy, blocks

from tensormesh import __version__

NEXT = "0.3.0"
DAY = "2026-12-31"


@pytest.mark.slow
def test_the_release_steps_work(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.type("git init --quiet && git add --all && git commit --quiet --message before")
    document = (ROOT / "docs" / "release.md").read_text("utf-8")
    assert f"## {NEXT} - {DAY}" in document

    replace(tmp_path / "overlay/tensormesh/_version.py", f'"{__version__}"', f'"{NEXT}"')
    changelog = tmp_path / "CHANGELOG.md"
    replace(changelog, "## Unreleased\n", f"## Unreleased\n\n## {NEXT} - {DAY}\n")
    for kind, text in blocks(document):
        assert kind == "sh"
        # The environment belongs to the original checkout, so leave its metadata alone.
        lines = [line for line in text.splitlines() if "pip install" not in line]
        printed = copy.type("\n".join(lines))
        if "smoke" in text:
            for extra in ("", "[cli]"):
                assert f"tensormesh-{NEXT}-py3-none-any.whl{extra}: tm {NEXT}\n" in printed
    assert copy.type("git describe") == f"v{NEXT}\n"
    assert copy.type("git status --short") == ""


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert len(re.findall(re.escape(before), text)) == 1
    path.write_text(text.replace(before, after), "utf-8")
