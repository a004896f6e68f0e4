"""Where `tm` keeps its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tensormesh_cli._errors import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "TM_CONFIG_HOME"
CONFIG_NAME = "config.toml"
AUTH_NAME = "auth.json"


def find_home(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the files: `$TM_CONFIG_HOME`, else `~/.config/tensormesh`.

    None if neither that variable nor the home folder is known. This is not an error until a file
    is needed, because flags and environment variables may be all that a command needs.
    """
    home = environ.get("HOME") or environ.get("USERPROFILE")
    chosen = environ.get(HOME_VARIABLE)
    if chosen:
        if home and (chosen == "~" or chosen.startswith("~/")):
            chosen = home + chosen[1:]
        return Path(chosen)
    return Path(home) / ".config" / "tensormesh" if home else None


def find_config(given: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the path of the config file: `--config`, else `config.toml` in the home folder.

    None if there is neither; see `find_home`.
    """
    if given is not None and str(given):
        return Path(given).expanduser() if str(given).startswith("~") else Path(given)
    home = find_home(environ)
    return None if home is None else home / CONFIG_NAME


def require_config(given: str | Path | None, environ: Mapping[str, str]) -> Path:
    """Return the path of the config file.

    Raises:
        ConfigFault: Its folder is not known.
    """
    path = find_config(given, environ)
    if path is None:
        raise no_home("the config file")
    return path


def no_home(what: str) -> ConfigFault:
    """Return the error for a file whose folder is not known."""
    other = " or pass --config FILE" if what == "the config file" else ""
    return ConfigFault(
        f"no folder for {what}: neither HOME nor {HOME_VARIABLE} is set",
        hint=f"set {HOME_VARIABLE} to a folder{other}",
    )
