"""`make quick` runs the tests of what changed."""

from __future__ import annotations

from support.project_files import ROOT
from support.quick import CORE, TESTS, TESTS_OF_PACKAGES, select_tests


def test_each_package_has_a_folder_of_tests() -> None:
    for path in (ROOT / "overlay").glob("tensormesh*"):
        folder = TESTS_OF_PACKAGES.get(path.name, f"tests/{path.name}")
        assert folder in select_tests([f"overlay/{path.name}/x.py"]), path.name


def test_every_folder_it_names_exists() -> None:
    named = CORE.union(*TESTS.values())
    assert [each for each in named if not (ROOT / each).is_dir()] == []


def test_a_changed_test_is_not_listed_twice() -> None:
    one = "tests/docs/test_docs.py"
    assert select_tests([]) == sorted(CORE)
    assert one in select_tests([one])
    assert one not in select_tests([one, "docs/errors.md"])
    assert "tests/tensormesh" in select_tests(["overlay/tensormesh/_client.py"])
    assert "tests/tensormesh/unit" not in select_tests(["overlay/tensormesh/_client.py"])
