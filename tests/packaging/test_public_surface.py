"""The public API: complete, listed, cheap to import, and changed on purpose only."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.inference_specs import spec
from support.project_files import ROOT
from support.public_names import LISTED, public_names

import tensormesh
from tensormesh import tools, types

PATHS = [str(ROOT / "overlay"), str(ROOT / "generated")]


def test_public_names_match_the_list() -> None:
    listed = set(LISTED.read_text("utf-8").split("\n")) - {""}
    now = set(public_names())
    # If the change is intended, run `make names`. A line that disappears breaks somebody's program.
    assert (sorted(now - listed), sorted(listed - now)) == ([], [])


def test_the_list_of_public_names_is_sorted_and_unique() -> None:
    lines = LISTED.read_text("utf-8").splitlines()
    assert lines == sorted(set(lines))


@pytest.mark.parametrize("module", [tensormesh, tools, types])
def test_every_listed_name_can_be_imported(module: object) -> None:
    names: list[str] = module.__all__  # type: ignore[attr-defined] # both modules have one
    assert names == sorted(names)
    # Completion in a REPL offers nothing else.
    assert dir(module) == names
    for name in names:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # type: ignore[attr-defined] # noqa: B018 - that is the test


def test_every_schema_of_the_specs_is_a_public_type() -> None:
    schemas = spec("inference")["components"]["schemas"]
    assert set(schemas) <= set(types.__all__)


def loaded_by(program: str) -> set[str]:
    """Return the modules that a program loads beyond those of a bare interpreter."""
    code = (
        f"import sys; sys.path[:0] = {PATHS!r}; before = set(sys.modules)\n"
        f"{program}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    # -I -S: keep the environment and installed packages from loading something first.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded_by("import tensormesh") <= {"tensormesh", "__future__"}


def test_importing_the_client_loads_neither_httpx_nor_a_model() -> None:
    loaded = loaded_by("from tensormesh import AsyncTensormesh, Tensormesh; Tensormesh()")
    heavy = {"asyncio", "attr", "dateutil", "httpx", "msgspec", "ssl", "tensormesh_api"}
    assert loaded & heavy == set()
