"""Write files atomically, and by one process at a time."""

from __future__ import annotations

import contextlib
import os
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config.paths import HOME_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_MODE = 0o600
FOLDER_MODE = 0o700
LOCK_SECONDS = 30.0
_TEMPORARY = ".tmp"


def write_file(path: Path, data: bytes) -> None:
    """Replace the content of a file, readable by its owner alone.

    Readers see the old file or the new one. If anything goes wrong, the old one stays. A symbolic
    link stays one: the file that it points to is replaced.

    Raises:
        ConfigFault: The file cannot be written; names it and the reason.
    """
    target = Path(os.path.realpath(path))
    try:
        make_folder(target.parent)
        _replace(target, data)
    except OSError as error:
        raise cannot("write", path, error) from error


def leftovers(path: Path, pattern: str = "*") -> list[Path]:
    """Return the temporary files that killed processes left beside a file.

    Args:
        path: The file.
        pattern: What follows the name of the file, as a glob pattern.
    """
    target = Path(os.path.realpath(path))
    found = target.parent.glob(f".{escape(target.name)}.{pattern}")
    return [
        each
        for each in found
        if each != _lock_of(target) and each.is_file() and not each.is_symlink()
    ]


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Make a folder and those above it, if they are missing, for their owner alone.

    Args:
        folder: The folder.
        private: Whether to take the rights of others away if it exists already.

    Raises:
        OSError: It cannot be made.
    """
    if not folder.is_dir():
        # `makedirs` applies its mode to the last folder only.
        make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=FOLDER_MODE)
    elif private and os.name == "posix" and folder.stat().st_mode & 0o077:
        # A folder of another user cannot be changed, and need not be: the files are private.
        with contextlib.suppress(OSError):
            folder.chmod(FOLDER_MODE)


@contextmanager
def locked(
    path: Path, *, seconds: float = LOCK_SECONDS, temporary: str = f"*{_TEMPORARY}"
) -> Iterator[None]:
    """Keep other processes from changing a file, by a lock file beside it.

    Temporary files beside it were left by processes that were killed, and are removed.

    Args:
        path: The file, which need not exist.
        seconds: How long to wait for another process.
        temporary: Glob pattern of what follows the name of the file in a temporary file.

    Raises:
        ConfigFault: The folder cannot be written, or another process did not let go in time.
    """
    from filelock import FileLock, Timeout

    target = Path(os.path.realpath(path))
    try:
        make_folder(target.parent)
        lock = FileLock(_lock_of(target), mode=FILE_MODE)
        lock.acquire(timeout=seconds)
    except Timeout:
        raise ConfigFault(
            f"another tm process has been changing {path} for {seconds:g} seconds",
            hint="try again when it has finished",
        ) from None
    except (OSError, NotImplementedError) as error:
        raise cannot("write", path, error) from error
    try:
        for leftover in leftovers(path, temporary):
            with contextlib.suppress(OSError):
                leftover.unlink()
        yield
    finally:
        lock.release()


def cannot(verb: str, path: Path, error: Exception) -> ConfigFault:
    """Return the error for a file that cannot be read or written, with the system's reason."""
    reason = (error.strerror if isinstance(error, OSError) else None) or "unknown system error"
    hint = "check its owner and permissions"
    if verb == "write":
        hint = f"free some space, get write access, or set {HOME_VARIABLE} to another folder"
    return ConfigFault(f"cannot {verb} {path}: {reason}", hint=hint)


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _replace(target: Path, data: bytes) -> None:
    import tempfile

    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.", suffix=_TEMPORARY
    )
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            # Otherwise a crash could leave an empty file under the new name.
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    # The file is complete, and not every file system can sync a folder.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
