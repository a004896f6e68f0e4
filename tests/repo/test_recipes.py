"""The recipes of CONTRIBUTING.md work, from the edit to the passing tests."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.cases import for_each
from support.project_files import ROOT
from support.recipes import Copy, apply, blocks, sections

RECIPES = sections((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "##")["Recipes"]
INTRODUCTION, *_ = re.split(r"^### ", RECIPES, flags=re.MULTILINE)
EACH = {
    **{title: text for title, text in sections(RECIPES, "###").items() if blocks(text)},
    "Add a host": (ROOT / "docs" / "add-a-host.md").read_text("utf-8"),
}


def test_there_is_a_recipe_for_each_kind_of_addition() -> None:
    assert list(EACH) == ["Add a field", "Add an operation", "Add a command", "Add a host"]


@for_each("title", EACH)
def test_every_edit_still_applies(title: str, tmp_path: Path) -> None:
    for number, (kind, text) in enumerate(blocks(EACH[title])):
        if kind == "diff":
            name = text.splitlines()[0].removeprefix("+++ ")
            folder = tmp_path / str(number)
            (folder / name).parent.mkdir(parents=True)
            if (ROOT / name).exists():
                shutil.copyfile(ROOT / name, folder / name)
            apply(text, folder)


@pytest.mark.slow
@pytest.mark.parametrize("title", EACH)
def test_recipe_works_from_the_edit_to_the_passing_tests(title: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    ((_, settings),) = blocks(INTRODUCTION)
    tried = 0
    for kind, text in blocks(EACH[title]):
        if kind == "diff":
            apply(text, tmp_path)
        elif kind == "sh":
            copy.type(text)
        else:
            with copy.local_host() as port:
                here = settings.replace("8080", str(port))
                for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                    line, _, expected = step.partition("\n")
                    assert copy.type(f"{here}\n{line}") == expected, line
                    tried += 1
    assert tried
    if not any("make generate" in text for kind, text in blocks(EACH[title]) if kind == "sh"):
        copy.type("make check")
    copy.type(".venv/bin/ruff check . && .venv/bin/ruff format --check .")
