"""There are no import cycles."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support.cases import for_each
from support.project_files import ROOT

OVERLAY = ROOT / "overlay"
PACKAGES = ["tensormesh", "tensormesh_cli", "tensormesh_codegen", "tensormesh_local"]


def modules(root: Path, package: str) -> dict[str, Path]:
    """Return the modules of a package by their full names."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of the same package that a module imports anywhere.

    Imports inside functions and under TYPE_CHECKING count too: they hide cycles.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(name, path, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in known else base)
    return found & known.keys() - {name}


def absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    """Return the absolute name of the module in a `from` import."""
    if not node.level:
        return node.module or ""
    ups = node.level - (path.name == "__init__.py")
    parts = name.split(".")
    parts = parts[: len(parts) - ups]
    return ".".join([*parts, node.module] if node.module else parts)


def circle(root: Path, package: str) -> list[str]:
    """Return the modules of one cycle, in import order."""
    known = modules(root, package)
    graph = {name: imports(name, path, known) for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_have_no_import_cycles(package: str) -> None:
    assert len(modules(OVERLAY, package)) > 10
    assert circle(OVERLAY, package) == []


@for_each(
    "back",
    [
        "from parts.a import thing",
        "from .a import thing",
        "from . import a",
        "import parts.a",
        "def late():\n    from parts import a",
        "if TYPE_CHECKING:\n    from parts.a import thing",
    ],
)
def test_cycles_are_found_in_every_form_of_import(tmp_path: Path, back: str) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text("from parts import b\n")
    (folder / "b.py").write_text("import parts.c as c\n")
    (folder / "c.py").write_text("")
    assert circle(tmp_path, "parts") == []
    (folder / "c.py").write_text(back)
    assert sorted(set(circle(tmp_path, "parts"))) == ["parts.a", "parts.b", "parts.c"]
