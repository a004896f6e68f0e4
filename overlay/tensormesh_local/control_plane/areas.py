"""All areas of the Control Plane: their tables and their operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tensormesh_local.control_plane import (
    activities,
    api_keys,
    billing,
    charges,
    gpu_charges,
    latency,
    ledger,
    login,
    logs,
    metrics,
    models,
    pricing,
    products,
    reserved_deployments,
    stripe,
    tickets,
    usage,
    users,
)

if TYPE_CHECKING:
    from tensormesh_local.control_plane.context import Handler

_WITH_TABLES: Final = (
    users,
    api_keys,
    activities,
    login,
    models,
    tickets,
    products,
    reserved_deployments,
    ledger,
    charges,
    gpu_charges,
    pricing,
    stripe,
    usage,
    latency,
    logs,
)
_WITH_OPERATIONS: Final = (
    users,
    api_keys,
    activities,
    login,
    models,
    tickets,
    products,
    reserved_deployments,
    billing,
    stripe,
    pricing,
    usage,
    logs,
    metrics,
)

SCHEMA: Final = "".join(area.SCHEMA for area in _WITH_TABLES)
"""The tables of all areas."""

SCHEMA_VERSION: Final = 2
"""The version of the tables; one more whenever a table, a column or an index changes."""

HANDLERS: Final[dict[str, Handler]] = {
    operation_id: handler
    for area in _WITH_OPERATIONS
    for operation_id, handler in area.HANDLERS.items()
}
"""What carries out each operation, by its operationId."""
