"""Products: what can be bought for a billing period."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.context import EMPTY, Context, Json, reads, required, writes
from tensormesh_local.control_plane.errors import invalid_argument, not_found
from tensormesh_local.control_plane.money import from_wire, to_wire
from tensormesh_local.control_plane.paging import numbered_page
from tensormesh_local.control_plane.state import Database, Row

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


@reads
def list_products(context: Context) -> Json:
    """List products, oldest first; by default only active ones."""
    query = context.query
    rows = context.db.all(
        "SELECT * FROM products WHERE deleted_at IS NULL AND (is_active OR NOT :active_only) "
        "AND (:type = :any OR type = :type) ORDER BY created_at, rowid",
        {
            "active_only": query.get("activeOnly", True),
            "type": query.get("type", _ANY_TYPE),
            "any": _ANY_TYPE,
        },
    )
    return {"products": [_to_wire(row) for row in rows]}


@reads
def admin_list_products(context: Context) -> Json:
    """List all products, oldest first."""
    context.require_admin(context.query.get("userId"))
    query = "SELECT * FROM products WHERE deleted_at IS NULL ORDER BY created_at, rowid"
    return numbered_page(context, query, {}, "products", _to_wire)


@writes
def admin_create_product(context: Context) -> Json:
    """Create a product."""
    context.require_admin(context.body.get("userId"))
    product_id = context.new_id("prod")
    now = context.now
    context.db.insert(
        "products", id=product_id, created_at=now, updated_at=now, **_columns(context.body)
    )
    return {"product": _to_wire(find_product(context.db, product_id))}


@writes
def admin_update_product(context: Context) -> Json:
    """Replace the description of a product."""
    context.require_admin(context.body.get("userId"))
    columns = _columns(context.body)
    product_id = context.path["productId"]
    find_product(context.db, product_id)
    context.db.update("products", product_id, updated_at=context.now, **columns)
    return {"product": _to_wire(find_product(context.db, product_id))}


@writes
def admin_delete_product(context: Context) -> Json:
    """Delete a product. Its reservations stay."""
    context.require_admin(context.query.get("userId"))
    product_id = context.path["productId"]
    find_product(context.db, product_id)
    context.db.update("products", product_id, deleted_at=context.now)
    return EMPTY


def find_product(db: Database, product_id: str) -> Row:
    """Return a product's row, or raise a 404."""
    row = db.one("SELECT * FROM products WHERE id = ? AND deleted_at IS NULL", (product_id,))
    if row is None:
        raise not_found("product", product_id)
    return row


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for the product in a request."""
    product: Json = required(body, "product")
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
    return {
        "facts": json.dumps(facts),
        "price_nanos": price,
        "type": product.get("type", _ANY_TYPE),
        "is_active": product.get("isActive", False),
    }


def _to_wire(row: Row) -> Json:
    return {
        "productId": row["id"],
        **json.loads(row["facts"]),
        "type": row["type"],
        "price": to_wire(row["price_nanos"]),
        "isActive": bool(row["is_active"]),
        "createdAt": format_time(row["created_at"]),
        "updatedAt": format_time(row["updated_at"]),
    }
