"""Reading one version of the specs from a path or a git revision."""

from __future__ import annotations

import posixpath
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tensormesh_codegen.bundling import references
from tensormesh_codegen.errors import CodegenError
from tensormesh_codegen.loading import Document, load_document, parse_document

_Read = Callable[[str], Document]


def load(ref: str, root: Path) -> dict[str, Document]:
    """Read the specs that `ref` names.

    Args:
        ref: A folder with `*.yaml` files, a YAML file (read with the files it refers to), a git
            revision (its `specs/`), or `REVISION:PATH`. Paths take precedence; write
            `refs/heads/NAME` for a revision with the name of a path.
        root: Folder of the project. Relative paths are looked up in the working directory, then
            here. The path of a revision is relative to it.

    Raises:
        CodegenError: `ref` names nothing, or a file cannot be read.
    """
    for path in (Path(ref), root / ref):
        if ref and path.exists():
            return _from_path(path)
    return _from_git(ref, root)


def _from_path(path: Path) -> dict[str, Document]:
    folder = path if path.is_dir() else path.parent

    def read(name: str) -> Document:
        return load_document(folder / name, name, str(folder / name))

    if path is folder:
        names = [found.relative_to(path).as_posix() for found in path.rglob("*.yaml")]
        return _folder(names, read)
    return _with_references(path.name, read)


def _from_git(ref: str, root: Path) -> dict[str, Document]:
    revision, colon, path = ref.partition(":")
    path = posixpath.normpath(path or ".") if colon else "specs"
    if path.startswith(("/", "..")):
        raise CodegenError(f"invalid path in {ref!r}: it must be within the project")
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit = _git(root, *verify) if revision else None
    if commit is None:
        raise CodegenError(f"{ref!r} is neither a path nor a git revision of {root}")
    at = f"{commit.decode().strip()}:./{path}"
    kind = (_git(root, "cat-file", "-t", at) or b"").strip()
    if kind == b"tree":
        listing = _git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", at) or b""
        names = listing.decode(errors="surrogateescape").split("\0")
        return _folder([name for name in names if name.endswith(".yaml")], _reader(root, at))
    if kind == b"blob":
        folder, name = posixpath.split(at)
        return _with_references(name, _reader(root, folder))
    raise CodegenError(f"{path!r} does not exist in revision {revision!r}")


def _reader(root: Path, folder: str) -> _Read:
    def read(name: str) -> Document:
        path = posixpath.normpath(f"{folder}/{name}")
        data = _git(root, "cat-file", "blob", path)
        if data is None:
            raise CodegenError(f"{path}: the revision has no such file")
        return parse_document(data, name=name, label=path)

    return read


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return the output of git, or None if it fails."""
    git = shutil.which("git")
    if git is None:
        raise CodegenError("git is not installed: it is needed to read a revision")
    done = subprocess.run(  # noqa: S603 - no shell, and the revision was resolved to an object ID
        [git, "-C", str(root), *arguments], capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _folder(names: list[str], read: _Read) -> dict[str, Document]:
    if not names:
        raise CodegenError("no *.yaml file found: name a folder of specs")
    return {name: read(name) for name in sorted(names)}


def _with_references(name: str, read: _Read) -> dict[str, Document]:
    """Read a file, and all files that it refers to directly or indirectly."""
    documents: dict[str, Document] = {}
    pending = [name]
    while pending:
        current = pending.pop()
        if current not in documents:
            document = documents[current] = read(current)
            pending += [document.target(str(ref))[0] for _, ref in references(document.data)]
    return documents
