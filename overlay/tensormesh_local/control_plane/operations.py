"""Collect the tables and the operations of all areas."""

from __future__ import annotations

from typing import Final

from tensormesh_local.control_plane.accounts import activities, api_keys, login, users
from tensormesh_local.control_plane.billing import (
    balances,
    gpu_charges,
    ledger,
    payments,
    prices,
    products,
    serverless_charges,
    usage,
)
from tensormesh_local.control_plane.deployments import models, records, reservations
from tensormesh_local.control_plane.observability import latency, logs, metrics
from tensormesh_local.control_plane.support import tickets

# Importing a module registers its operations. Tables come before those that refer to them.
_AREAS: Final = (
    *(users, api_keys, activities, login, records, models, tickets, products, reservations),
    *(ledger, balances, serverless_charges, gpu_charges, prices, payments, usage),
    *(latency, logs, metrics),
)

SCHEMA: Final = "".join(getattr(area, "SCHEMA", "") for area in _AREAS)
"""The tables of all areas."""

SCHEMA_VERSION: Final = 2
"""Version of the tables. Increment it when a table, a column or an index changes."""
