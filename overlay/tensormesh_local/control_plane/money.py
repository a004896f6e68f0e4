"""Amounts of money: integer nanos (billionths of a US dollar), and their form on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tensormesh_local.control_plane.errors import invalid_argument

CURRENCY: Final = "USD"
NANOS_PER_UNIT: Final = 1_000_000_000
MAX_NANOS: Final = 1_000_000_000 * NANOS_PER_UNIT
"""The largest amount in a request: a billion dollars, so that sums fit into 64 bits."""

_UNITS: Final = re.compile(r"-?[0-9]{1,19}")


def to_wire(nanos: int) -> dict[str, Any]:
    """Return an amount in its form on the wire; ``units`` and ``nanos`` have the same sign."""
    units, rest = divmod(abs(nanos), NANOS_PER_UNIT)
    sign = -1 if nanos < 0 else 1
    return {"currencyCode": CURRENCY, "units": str(sign * units), "nanos": sign * rest}


def from_wire(value: Mapping[str, Any], field: str = "amount") -> int:
    """Return an amount in nanos.

    Args:
        value: The amount in its form on the wire; ``units`` may be a string, a number or absent.
        field: Name of the field in errors.

    Raises:
        ControlPlaneError: 400, the amount is not exact, too large, or not in US dollars.
    """
    if value.get("currencyCode") != CURRENCY:
        raise invalid_argument(f"{field}.currencyCode", f"Input should be '{CURRENCY}'")
    units = _whole_units(value.get("units"), field)
    nanos = value.get("nanos", 0)
    if isinstance(nanos, bool) or not isinstance(nanos, int) or abs(nanos) >= NANOS_PER_UNIT:
        raise invalid_argument(
            f"{field}.nanos", "Input should be an integer from -999999999 to 999999999"
        )
    if units * nanos < 0:
        raise invalid_argument(f"{field}.nanos", "Input should have the same sign as units")
    total = units * NANOS_PER_UNIT + nanos
    if abs(total) > MAX_NANOS:
        raise invalid_argument(f"{field}.units", "Input should be at most a billion dollars")
    return total


def _whole_units(units: object, field: str) -> int:
    if units in (None, ""):
        return 0
    if isinstance(units, int) and not isinstance(units, bool):
        return units
    if isinstance(units, str) and _UNITS.fullmatch(units):
        return int(units)
    raise invalid_argument(f"{field}.units", "Input should be a 64-bit integer as a string")
