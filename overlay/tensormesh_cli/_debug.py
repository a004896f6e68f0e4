"""Debug logs on stderr, without secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tensormesh.settings import SHORTEST_SECRET
from tensormesh_api.control_plane.commands import SECRETS

if TYPE_CHECKING:
    from logging import Logger
    from typing import TextIO

_HIDDEN = "***"
# In camel case as on the wire, and in snake case as in Python.
_NAMES = "|".join(re.sub("(?=[A-Z])", "_?", name) for name in sorted(SECRETS))
_PATTERNS = (
    re.compile(r"(?i)(\bbearer\s+)[^\s'\",}]+"),
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?!bearer\b)[^\s'\",}]+"),
    re.compile(rf"(?i)((?:{_NAMES})['\"]?\s*[:=]\s*['\"]?)[^\s'\",}})]+"),
)


class Redactor:
    """Removes known secrets from text, and what looks like one."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str | None) -> None:
        """Remember a secret that must not be shown."""
        if secret and len(secret) >= SHORTEST_SECRET:
            self._secrets.add(secret)

    def redact(self, text: str) -> str:
        """Return text with every secret replaced with `***`."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{_HIDDEN}", text)
        return text


def start_logging(stream: TextIO, redactor: Redactor) -> Logger:
    """Log what the SDK and the command line do, with the seconds since now. Return a logger."""
    import logging
    import time

    begun = time.monotonic()

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            text = redactor.redact(super().format(record))
            return f"debug {time.monotonic() - begun:8.3f}s {text}"

    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter())
    logger = logging.getLogger("tensormesh")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers[:] = [handler]
    return logger.getChild("cli")


def stop_logging() -> None:
    """Restore the loggers, for programs that go on after a command they ran."""
    import logging

    logger = logging.getLogger("tensormesh")
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
    logger.handlers.clear()
