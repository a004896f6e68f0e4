"""The version, the changelog and the metadata agree."""

from __future__ import annotations

import re
import tomllib
from datetime import date

from support.project_files import ROOT

from tensormesh import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
HEADINGS = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
RELEASES = [heading.split(" - ") for heading in HEADINGS[1:]]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_newest_release_in_the_changelog_is_the_version() -> None:
    assert RELEASES[0][0] == __version__


def test_the_build_reads_the_version_from_version_py() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    path = PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in (ROOT / path).read_text("utf-8")


def test_the_changelog_lists_unreleased_changes_and_then_releases_newest_first() -> None:
    assert HEADINGS[0] == "Unreleased"
    versions = [tuple(map(int, version.split("."))) for version, _ in RELEASES]
    days = [date.fromisoformat(day) for _, day in RELEASES]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)


def test_changelog_sections_have_known_unique_and_filled_parts() -> None:
    sections = re.split(r"^## .*\n", CHANGELOG, flags=re.MULTILINE)[1:]
    for section in sections:
        before, *parts = re.split(r"^### (.*)\n", section, flags=re.MULTILINE)
        assert not before.strip()
        kinds, texts = parts[::2], parts[1::2]
        assert sorted(kinds) == sorted(KINDS & set(kinds))
        assert [text for text in texts if not text.strip().startswith("- ")] == []


def test_classifiers_list_the_supported_python_versions() -> None:
    found = {
        name.removeprefix("Programming Language :: Python :: ")
        for name in PROJECT["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", name)
    }
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert min(found, key=lambda version: int(version.split(".")[1])) == oldest
    assert found == {"3.11", "3.12", "3.13", "3.14"}
