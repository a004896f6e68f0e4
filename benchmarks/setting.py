"""What every suite is given."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

API_KEY = "benchmark-key"
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant. Answer in one sentence."},
    {"role": "user", "content": "Say hello."},
]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how long to measure.

    Attributes:
        url: Base URL of the local server.
        quick: Whether a rough figure is enough.
    """

    url: str
    quick: bool

    def choose(self, full: int, quick: int) -> int:
        """A number of repetitions or parts."""
        return quick if self.quick else full

    def streams(self, layout: str, count: int) -> str:
        """Base URL under which streams have this layout and length."""
        return f"{self.url}/{layout}/{count}"

    def after(self, milliseconds: int) -> str:
        """Base URL under which chats are answered after a while."""
        return f"{self.url}/after/{milliseconds}"


def has(package: str) -> bool:
    """Whether a peer is installed."""
    return find_spec(package) is not None


def has_openai() -> bool:
    """Whether openai is installed."""
    return has("openai")


def openai() -> Any:
    """The module, without its types: it need not be installed where types are checked."""
    return import_module("openai")
