"""Reading a version of the specification from a path or from a git revision."""

from __future__ import annotations

import posixpath
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from .documents import DiffError, Document

_SPECS = "specs"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(ref: str, root: Path) -> dict[str, Document]:
    """Read the YAML documents that ``ref`` names, by file name.

    Args:
        ref: A directory (every ``*.yaml`` within it), a YAML file (with those that it refers to),
            a git revision (its ``specs/``), or ``REVISION:PATH``. What exists as a path is read
            as a path; a revision of the same name can be written ``refs/heads/NAME``.
        root: The project's directory. Relative paths are looked up in the working directory, then
            here; a revision's paths are relative to it.

    Raises:
        DiffError: ``ref`` names nothing, or what it names cannot be read.
    """
    for path in (Path(ref), root / ref):
        if ref and path.exists():
            return _from_path(path)
    return _from_git(ref, root)


def _from_path(path: Path) -> dict[str, Document]:
    def read(name: str) -> bytes:
        try:
            return (directory / name).read_bytes()
        except OSError as error:
            raise DiffError(f"{directory / name}: {error.strerror or error}") from None

    if path.is_dir():
        directory = path
        names = sorted(found.relative_to(path).as_posix() for found in path.rglob("*.yaml"))
        return _directory(names, read, str(path))
    directory = path.parent
    return _file_with_references(path.name, read)


def _from_git(ref: str, root: Path) -> dict[str, Document]:
    revision, colon, path = ref.partition(":")
    path = posixpath.normpath(path or ".") if colon else _SPECS
    if path.startswith(("/", "..")):
        raise DiffError(f"{ref!r}: the path of a revision must be within the project")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options",
                  f"{revision}^{{commit}}") if revision else None  # fmt: skip
    if commit is None:
        raise DiffError(f"{ref!r} is neither a path nor a git revision of {root}")
    at = f"{commit.decode().strip()}:./{path}"
    kind = (_git(root, "cat-file", "-t", at) or b"").strip()
    if kind == b"tree":
        listing = _git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", at) or b""
        found = listing.decode(errors="surrogateescape").split("\0")
        names = sorted(name for name in found if name.endswith(".yaml"))
        return _directory(names, _git_reader(root, at), ref)
    if kind == b"blob":
        directory, name = posixpath.split(at)
        return _file_with_references(name, _git_reader(root, directory))
    raise DiffError(f"{ref!r}: the revision has no {path}")


def _git_reader(root: Path, directory: str) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        data = _git(root, "cat-file", "blob", posixpath.normpath(f"{directory}/{name}"))
        if data is None:
            raise DiffError(f"{directory}/{name}: the revision has no such file")
        return data

    return read


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None when it fails."""
    git = shutil.which("git")
    if git is None:
        raise DiffError("reading a revision needs git, which is not on the PATH")
    done = subprocess.run(  # noqa: S603 - no shell; the revision was made an object id first
        [git, "-C", str(root), *arguments], capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _directory(names: list[str], read: Callable[[str], bytes], shown: str) -> dict[str, Document]:
    if not names:
        raise DiffError(f"{shown}: there is no *.yaml file")
    return {name: _parse(read(name), name) for name in names}


def _file_with_references(name: str, read: Callable[[str], bytes]) -> dict[str, Document]:
    """Read one file and, step by step, the files that it refers to."""
    documents: dict[str, Document] = {}
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in documents:
            documents[current] = _parse(read(current), current)
            base = posixpath.dirname(current)
            files = {ref.partition("#")[0] for ref in _refs(documents[current])} - {""}
            todo += [posixpath.normpath(posixpath.join(base, file)) for file in files]
    return documents


def _parse(data: bytes, name: str) -> Document:
    try:
        value = yaml.load(data, Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise DiffError(f"{where}: not valid YAML: {problem}") from None
    except ValueError as error:  # a date such as 2024-13-45
        raise DiffError(f"{name}: not valid YAML: {error}") from None
    if not isinstance(value, dict):
        raise DiffError(f"{name}: the document must be a mapping")
    return value


def _refs(value: Any) -> Iterator[str]:
    todo, seen = [value], set()
    while todo:
        current = todo.pop()
        if id(current) in seen or not isinstance(current, dict | list):
            continue
        seen.add(id(current))
        if isinstance(current, dict):
            if isinstance(current.get("$ref"), str):
                yield current["$ref"]
            todo += current.values()
        else:
            todo += current
