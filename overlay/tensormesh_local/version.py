"""The version that the local host reports."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed_version() -> str:
    try:
        return version("tensormesh")
    except PackageNotFoundError:
        return "0"


HOST_VERSION: Final = f"{_installed_version()}+local"
