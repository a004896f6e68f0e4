"""Read and change the config file. Comments and unknown keys are preserved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config.atomic import cannot, locked, write_file
from tensormesh_cli.config.keys import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = """\
controlplane_base = "https://api.tensormesh.ai"
timeout_seconds = 30
max_retries = 0
# ca_bundle = "/path/to/ca.pem"

[managed]
# written by: tm init --sync

[overrides]
# gateway_api_key = ""
# gateway_user_id = ""
# gateway_provider = "nebius"
# gateway_model_id = ""
"""


def read(path: Path) -> dict[str, Any]:
    """Read a config file. A file that does not exist is empty.

    Raises:
        ConfigFault: It cannot be read, is not TOML, or has a value in place of a table.
    """
    return _parse(_load(path), path)


def update(path: Path, changes: Mapping[tuple[str, ...], object | None]) -> None:
    """Change values of a config file, and preserve everything else.

    Args:
        path: The file. It is created if it does not exist.
        changes: New values by key, such as `("managed", "gateway_api_key")`. None removes the key.

    Raises:
        ConfigFault: The file cannot be read or written. It is unchanged.
    """
    with locked(path):
        text = _load(path)
        _parse(text, path)
        changed = _edited(text, changes)
        if changed is None:
            raise ConfigFault(
                f"cannot update {path} without affecting its other settings; it is unchanged",
                hint="edit the file yourself",
            )
        if changed != text:
            write_file(path, changed.encode())


def write_template(path: Path, *, force: bool = False) -> None:
    """Write a new config file.

    Args:
        path: The file.
        force: Whether to replace an existing file.

    Raises:
        ConfigFault: It exists, or cannot be written.
    """
    with locked(path):
        if path.exists() and not force:
            raise ConfigFault(
                f"{path} already exists",
                hint="use `--force` to replace it, or `--path FILE` to write another file",
            )
        write_file(path, TEMPLATE.encode())


def _load(path: Path) -> str:
    try:
        # Some editors write a byte order mark, which TOML does not allow.
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _broken(path, line, "it is not UTF-8 text") from None
    except OSError as error:
        raise cannot("read", path, error) from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, line = _place(str(error), text)
        raise _broken(path, line, problem) from None
    for name in TABLES:
        if not isinstance(document.get(name, {}), dict):
            raise ConfigFault(
                f"{path}: `{name}` must be a table", hint=f"write [{name}] on its own line"
            )
    return document


def _place(message: str, text: str) -> tuple[str, int]:
    problem, _, place = message.rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else max(1, len(text.splitlines()))
    problem = problem or message
    return problem[:1].lower() + problem[1:], line


def _broken(path: Path, line: int, problem: str) -> ConfigFault:
    return ConfigFault(
        f"{path}, line {line}: {problem}",
        hint="correct that line, or start over with `tm config init --force`",
    )


def _edited(text: str, changes: Mapping[tuple[str, ...], object | None]) -> str | None:
    """Return the text with the changes, or None if other parts would change."""
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    expected = _comparable(text)
    try:
        document = tomlkit.parse(text)
        for keys, value in changes.items():
            _change(expected, keys, value, dict)
            _change(document, keys, value, tomlkit.table)
        changed = tomlkit.dumps(document)
        # An error is better than a file with the wrong content.
        return changed if _comparable(changed) == expected else None
    except (TOMLKitError, tomllib.TOMLDecodeError):
        return None


def _comparable(text: str) -> dict[str, Any]:
    import tomllib

    # NaN is not equal to itself.
    return tomllib.loads(text, parse_float=lambda word: None if "nan" in word else float(word))


def _change(document: Any, keys: tuple[str, ...], value: object | None, new_table: Any) -> None:
    *tables, key = keys
    for name in tables:
        if name not in document:
            if value is None:
                return
            document[name] = new_table()
        document = document[name]
    if value is None:
        if key in document:
            del document[key]
    elif key not in document or document[key] != value:
        document[key] = value
