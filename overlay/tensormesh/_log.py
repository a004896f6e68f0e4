"""The log of the SDK on stderr, for who runs a program and cannot change it.

Loaded only if the environment asks for it.
"""

from __future__ import annotations

import logging
import sys

from ._errors import ConfigurationError

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
_FORMAT = "%(asctime)s %(name)s %(levelname)s: %(message)s"

_logger = logging.getLogger("tensormesh")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the stderr of the moment, as long as the program has no handler of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        # The program may have set up its logging after its first client.
        if self._is_alone():
            self.stream = sys.stderr
            super().emit(record)

    def _is_alone(self) -> bool:
        above = _logger.propagate and _logger.parent is not None and _logger.parent.hasHandlers()
        return not above and _logger.handlers == [self]


# One for the process, so that adding it twice adds it once.
_handler = _Handler()
_handler.setFormatter(logging.Formatter(_FORMAT))


def write_log(level: str, variable: str) -> None:
    """Write what the SDK logs to stderr, unless the program's own handlers get it already.

    Args:
        level: `debug` or `info`, in any case. A logger that tells more already is left so.
        variable: Where it was given.

    Raises:
        ConfigurationError: It is another word.
    """
    number = _LEVELS.get(level.strip().lower())
    if number is None:
        raise ConfigurationError(
            f"the environment variable {variable} must be {' or '.join(_LEVELS)}; "
            "leave it out for no log",
            variable=variable,
        )
    if _logger.level == logging.NOTSET or _logger.level > number:
        _logger.setLevel(number)
    if not _logger.hasHandlers():
        _logger.addHandler(_handler)
