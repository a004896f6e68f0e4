"""Products: what can be bought for a period."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.context import EMPTY, operation, required
from tensormesh_local.control_plane.errors import invalid_argument, not_found
from tensormesh_local.control_plane.money import from_wire, to_wire
from tensormesh_local.control_plane.paging import numbered_page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS products (
    id TEXT PRIMARY KEY,
    facts TEXT NOT NULL,
    price_nanos INTEGER NOT NULL,
    type TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
);
"""

_ANY_TYPE: Final = "PRODUCT_TYPE_UNSPECIFIED"
_UNSET: Final[dict[str, Any]] = {
    "name": "",
    "description": "",
    "gpuType": "GPU_TYPE_UNSPECIFIED",
    "gpuCount": 0,
    "cloudProvider": "CLOUD_PROVIDER_UNSPECIFIED",
    "billingPeriod": "BILLING_PERIOD_UNSPECIFIED",
}


@operation
def list_products(context: Context) -> dict[str, Any]:
    """List products, oldest first; only those on offer unless all are asked for."""
    query = context.query
    with context.state.read() as db:
        rows = db.execute(
            "SELECT * FROM products WHERE deleted_at IS NULL AND (is_active OR NOT :active_only) "
            "AND (:type = :any OR type = :type) ORDER BY created_at, rowid",
            {
                "active_only": query.get("activeOnly", True),
                "type": query.get("type", _ANY_TYPE),
                "any": _ANY_TYPE,
            },
        ).fetchall()
    return {"products": [product_to_wire(row) for row in rows]}


@operation
def admin_list_products(context: Context) -> dict[str, Any]:
    """List all products, oldest first."""
    context.require_admin(context.query.get("userId"))
    with context.state.read() as db:
        return numbered_page(
            context,
            db,
            "SELECT * FROM products WHERE deleted_at IS NULL ORDER BY created_at, rowid",
            {},
            "products",
            product_to_wire,
        )


@operation
def admin_create_product(context: Context) -> dict[str, Any]:
    """Create a product."""
    context.require_admin(context.body.get("userId"))
    columns = _columns(required(context.body, "product"))
    product_id = context.new_id("prod")
    with context.state.write() as db:
        db.execute(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (product_id, *columns, context.now, context.now),
        )
        return {"product": product_to_wire(find_product(db, product_id))}


@operation
def admin_update_product(context: Context) -> dict[str, Any]:
    """Replace all that is said of a product."""
    context.require_admin(context.body.get("userId"))
    columns = _columns(required(context.body, "product"))
    product_id = context.path["productId"]
    with context.state.write() as db:
        find_product(db, product_id)
        db.execute(
            "UPDATE products SET facts = ?, price_nanos = ?, type = ?, is_active = ?, "
            "updated_at = ? WHERE id = ?",
            (*columns, context.now, product_id),
        )
        return {"product": product_to_wire(find_product(db, product_id))}


@operation
def admin_delete_product(context: Context) -> dict[str, Any]:
    """Delete a product. Reservations made with it stay."""
    context.require_admin(context.query.get("userId"))
    product_id = context.path["productId"]
    with context.state.write() as db:
        find_product(db, product_id)
        db.execute("UPDATE products SET deleted_at = ? WHERE id = ?", (context.now, product_id))
    return EMPTY


def find_product(db: sqlite3.Connection, product_id: str) -> sqlite3.Row:
    """Return a product's row.

    Raises:
        ControlPlaneError: 404.
    """
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM products WHERE id = ? AND deleted_at IS NULL", (product_id,)
    ).fetchone()
    if row is None:
        raise not_found("product", product_id)
    return row


def product_to_wire(row: sqlite3.Row) -> dict[str, Any]:
    """Return a product as sent."""
    return {
        "productId": row["id"],
        **json.loads(row["facts"]),
        "type": row["type"],
        "price": to_wire(row["price_nanos"]),
        "isActive": bool(row["is_active"]),
        "createdAt": format_time(row["created_at"]),
        "updatedAt": format_time(row["updated_at"]),
    }


def _columns(product: Mapping[str, Any]) -> tuple[str, int, str, bool]:
    """Return what is stored of a product as received: facts, price, type, whether on offer."""
    required(product, "name", "product.")
    facts = {
        name: unset if product.get(name) is None else product[name]
        for name, unset in _UNSET.items()
    }
    if facts["gpuCount"] < 0:
        raise invalid_argument("product.gpuCount", "Input should be greater than or equal to 0")
    price = from_wire(product["price"], "product.price") if product.get("price") else 0
    if price < 0:
        raise invalid_argument("product.price", "Input should not be negative")
    return json.dumps(facts), price, product.get("type", _ANY_TYPE), product.get("isActive", False)
