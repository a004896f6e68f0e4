"""Run the fast tests of what changed: `python tests/support/quick.py`, as `make quick` does.

Changed is what differs from where this branch left `main`, committed or not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Run whatever changed: they are fast and reach far.
CORE = {"tests/tensormesh_api", "tests/tensormesh/unit", "tests/repo"}
TESTS = {
    "docs": {"tests/docs"},
    "README.md": {"tests/docs"},
    "specs": {"tests/specs", "tests/tensormesh_api", "tests/tensormesh_codegen"},
    "templates": {"tests/tensormesh_api", "tests/tensormesh_codegen"},
    "generated": {"tests/tensormesh_api", "tests/tensormesh/client"},
}
TESTS_OF_PACKAGES = {"tensormesh_docs": "tests/docs", "tensormesh_extras": "tests/repo"}


def select_tests(changed: Iterable[str]) -> list[str]:
    """Return the tests to run for changed files, as arguments for pytest."""
    found = set(CORE)
    for name in changed:
        top, *rest = Path(name).parts
        if top == "tests" and Path(name).name.startswith("test_"):
            found |= {name}
        elif top == "overlay":
            found |= {TESTS_OF_PACKAGES.get(rest[0], f"tests/{rest[0]}")}
        else:
            found |= TESTS.get(top, set())
    existing = {each for each in found if (ROOT / each).exists()}
    return sorted(each for each in existing if not existing & set(map(str, Path(each).parents)))


def changed_files() -> set[str]:
    """Return the files that differ from where this branch left `main`."""
    for main in ("origin/main", "main", "HEAD"):
        base = _git("merge-base", "HEAD", main)
        if base:
            break
    others = _git("ls-files", "--others", "--exclude-standard")
    return {*_git("diff", "--name-only", base).split("\n"), *others.split("\n")} - {""}


def _git(*arguments: str) -> str:
    """Return what git prints, or nothing if it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    tests = select_tests(changed_files())
    print("Running the fast tests of", *tests, flush=True)
    options = ["-q", "-m", "not slow", "--numprocesses", "auto", "--dist", "worksteal"]
    raise SystemExit(subprocess.run([sys.executable, "-m", "pytest", *options, *tests]).returncode)
