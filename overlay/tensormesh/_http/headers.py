"""Headers of a response."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_CHARSET = re.compile(r';\s*charset="?([^\s";]+)', re.IGNORECASE)


class Headers(Mapping[str, str]):
    """Response headers by name, in any case. Values of a repeated header are joined by commas.

    Attributes:
        raw: Names and values as received.
    """

    __slots__ = ("_values", "raw")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self.raw = raw
        self._values: dict[str, str] = {}
        for name, value in raw:
            key, text = name.decode("latin-1").lower(), _decoded(value)
            known = self._values.get(key)
            self._values[key] = text if known is None else f"{known}, {text}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_list(self, name: str) -> list[str]:
        """Return each value of a header that may be repeated, such as `set-cookie`."""
        key = name.lower().encode("latin-1")
        return [_decoded(value) for known, value in self.raw if known.lower() == key]

    @property
    def charset(self) -> str | None:
        """The character set that the content type names."""
        found = _CHARSET.search(self.get("content-type", ""))
        return found[1] if found else None

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
