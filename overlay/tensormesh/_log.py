"""Log to stderr, for users who cannot change the program. Loaded only if the environment asks."""

from __future__ import annotations

import logging
import sys

from ._errors import ConfigurationError

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
_FORMAT = "%(asctime)s %(name)s %(levelname)s: %(message)s"

_logger = logging.getLogger("tensormesh")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the current stderr while the program has no handler of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        # The program may have set up its logging after its first client.
        if self._is_alone():
            self.stream = sys.stderr
            super().emit(record)

    def _is_alone(self) -> bool:
        above = _logger.propagate and _logger.parent is not None and _logger.parent.hasHandlers()
        return not above and _logger.handlers == [self]


# One for the process, so that adding it twice has no effect.
_handler = _Handler()
_handler.setFormatter(logging.Formatter(_FORMAT))


def write_log(level: str, variable: str) -> None:
    """Log to stderr, unless handlers of the program receive the records.

    Args:
        level: `debug` or `info`, in any case. A logger that already logs more is left unchanged.
        variable: Environment variable that holds the level.

    Raises:
        ConfigurationError: The level is invalid.
    """
    number = _LEVELS.get(level.strip().lower())
    if number is None:
        raise ConfigurationError(
            f"the environment variable {variable} must be {' or '.join(_LEVELS)}; "
            "unset it to turn logging off",
            variable=variable,
        )
    if _logger.level == logging.NOTSET or _logger.level > number:
        _logger.setLevel(number)
    if not _logger.hasHandlers():
        _logger.addHandler(_handler)
