"""The mini spec, generated once for all tests that read the result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.mini_spec import MINI, importable, project

from tensormesh_codegen.cli import main


@pytest.fixture(scope="session")
def mini_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the mini spec and what is generated from it. Not to be changed."""
    root = project(tmp_path_factory.mktemp("mini") / "project", mini=MINI)
    assert main(root, ["generate"]) == 0
    return root


@pytest.fixture(scope="module")
def mini(mini_project: Path) -> Iterator[ModuleType]:
    """The package `tensormesh_api.mini`."""
    with importable(mini_project / "generated") as package:
        yield package
