"""Prices: of GPUs by the hour, and of tokens by the million."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.gpu_charges import settle_all
from tensormesh_local.control_plane.context import Context, Json, reads, required, writes
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.state import Database, Row

TOKENS_PER_RATE: Final = 1_000_000
"""The number of tokens that a rate is for."""

DEFAULT_RATES: Final = (100_000_000, 0, 400_000_000)
"""Rates of models without a price: for input, cached input and output."""

# Keeps the cost of a request, and the sum of very many, within 64 bits.
_MAX_RATE: Final = 10_000 * money.NANOS_PER_UNIT

_GPU_PRICES: Final = (
    ("A100", "NEBIUS", 1_450_000_000, 1),
    ("A100", "LAMBDA", 1_290_000_000, 1),
    ("A100", "YOTTA", 1_350_000_000, 0),
    ("H100", "NEBIUS", 2_950_000_000, 1),
    ("H100", "LAMBDA", 2_990_000_000, 1),
    ("H100", "YOTTA", 2_750_000_000, 1),
    ("H200", "NEBIUS", 3_500_000_000, 1),
    ("H200", "YOTTA", 3_300_000_000, 1),
    ("B200", "NEBIUS", 5_500_000_000, 1),
    ("B200", "LAMBDA", 4_990_000_000, 1),
)
_SERVERLESS_PRICES: Final = (
    ("MiniMaxAI/MiniMax-M2.5", 300_000_000, 0, 1_200_000_000, 1),
    ("Qwen/Qwen3-Coder-30B-A3B-Instruct", 100_000_000, 0, 400_000_000, 1),
    ("meta-llama/Llama-3.3-70B-Instruct", 250_000_000, 0, 750_000_000, 0),
    ("openai/gpt-oss-120b", 150_000_000, 0, 600_000_000, 1),
    ("openai/gpt-oss-20b", 50_000_000, 0, 200_000_000, 1),
    ("tm-local-chat", 100_000_000, 0, 400_000_000, 1),
    ("tm-local-reasoning", 150_000_000, 0, 600_000_000, 1),
    ("tm-local-think", 150_000_000, 0, 600_000_000, 1),
)

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS gpu_pricing (
    gpu_type TEXT NOT NULL,
    cloud_provider TEXT NOT NULL,
    hourly_rate INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    PRIMARY KEY (gpu_type, cloud_provider)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS serverless_pricing (
    model TEXT PRIMARY KEY,
    input_rate INTEGER NOT NULL,
    cached_input_rate INTEGER NOT NULL,
    output_rate INTEGER NOT NULL,
    is_active INTEGER NOT NULL
) WITHOUT ROWID;
"""

# Prices can be changed but not deleted, so an existing state keeps its own.
_PRICES: Final = "".join(
    f"INSERT OR IGNORE INTO gpu_pricing VALUES "  # noqa: S608 - constants
    f"('GPU_TYPE_{gpu}', 'CLOUD_PROVIDER_{provider}', {rate}, {active});\n"
    for gpu, provider, rate, active in _GPU_PRICES
) + "".join(
    f"INSERT OR IGNORE INTO serverless_pricing VALUES "  # noqa: S608 - constants
    f"('{model}', {given}, {cached}, {output}, {active});\n"
    for model, given, cached, output, active in _SERVERLESS_PRICES
)
SCHEMA: Final = _TABLES + _PRICES


@dataclass(frozen=True, slots=True)
class Rates:
    """The prices of a model, in nanos per :data:`TOKENS_PER_RATE` tokens."""

    input: int
    cached_input: int
    output: int


def serverless_rates(db: Database, model: str) -> Rates:
    """Return the prices of a model, which are zero while its price is inactive.

    A model without a price gets :data:`DEFAULT_RATES`.
    """
    db.execute(
        "INSERT OR IGNORE INTO serverless_pricing VALUES (?, ?, ?, ?, 1)", (model, *DEFAULT_RATES)
    )
    row = db.one("SELECT * FROM serverless_pricing WHERE model = ? AND is_active", (model,))
    if row is None:
        return Rates(0, 0, 0)
    return Rates(row["input_rate"], row["cached_input_rate"], row["output_rate"])


def cost(tokens: int, rate: int, rest: int = 0) -> tuple[int, int]:
    """Return the cost of tokens in whole nanos, and the rest in millionths of a nano."""
    return divmod(tokens * rate + rest, TOKENS_PER_RATE)


def published_names(db: Database) -> list[str]:
    """Return the names of the models with an active Serverless price."""
    query = "SELECT model FROM serverless_pricing WHERE is_active ORDER BY model"
    return [row["model"] for row in db.all(query)]


@reads
def list_gpu_pricing(context: Context) -> Json:
    """List the prices of GPUs by the hour."""
    query = context.query
    rows = context.db.all(
        "SELECT * FROM gpu_pricing "
        "WHERE :provider IN ('CLOUD_PROVIDER_UNSPECIFIED', cloud_provider) "
        "AND :gpu IN ('GPU_TYPE_UNSPECIFIED', gpu_type) AND (is_active OR NOT :active) "
        "ORDER BY gpu_type, cloud_provider",
        {
            "provider": query.get("cloudProvider", "CLOUD_PROVIDER_UNSPECIFIED"),
            "gpu": query.get("gpuType", "GPU_TYPE_UNSPECIFIED"),
            "active": query.get("activeOnly", False),
        },
    )
    return {"pricing": [_gpu_price(row) for row in rows]}


@reads
def list_serverless_pricing(context: Context) -> Json:
    """List the prices of Serverless models by the million tokens."""
    query = context.query
    rows = context.db.all(
        "SELECT * FROM serverless_pricing WHERE (:model IS NULL OR model = :model) "
        "AND (is_active OR NOT :active) ORDER BY model",
        {"model": query.get("model") or None, "active": query.get("activeOnly", False)},
    )
    return {"pricing": [_serverless_price(row) for row in rows]}


@writes
def upsert_gpu_pricing(context: Context) -> Json:
    """Set the price of a GPU; for administrators."""
    context.require_admin(context.body.get("userId"))
    given = required(context.body, "pricing")
    key = (_key_part(given, "gpuType"), _key_part(given, "cloudProvider"))
    rate = _rate(given, "hourlyRate")
    # The new price applies from now on.
    settle_all(context.db, context.new_id, context.now)
    (row,) = context.db.all(
        "INSERT OR REPLACE INTO gpu_pricing VALUES (?, ?, ?, ?) RETURNING *",
        (*key, rate, given.get("isActive", True)),
    )
    return {"pricing": _gpu_price(row)}


@writes
def upsert_serverless_pricing(context: Context) -> Json:
    """Set the price of a Serverless model; for administrators."""
    context.require_admin(context.body.get("userId"))
    given = required(context.body, "pricing")
    model = required(given, "model", "pricing.")
    rates = [_rate(given, name) for name in ("inputRate", "cachedInputRate", "outputRate")]
    (row,) = context.db.all(
        "INSERT OR REPLACE INTO serverless_pricing VALUES (?, ?, ?, ?, ?) RETURNING *",
        (model, *rates, given.get("isActive", True)),
    )
    return {"pricing": _serverless_price(row)}


def _key_part(given: Mapping[str, Any], name: str) -> str:
    """Return part of a price's key. It must not be unspecified."""
    member: str = required(given, name, "pricing.")
    if member.endswith("_UNSPECIFIED"):
        raise invalid_argument(f"pricing.{name}", "Input should not be unspecified")
    return member


def _rate(given: Mapping[str, Any], name: str) -> int:
    """Return a rate in nanos, 0 if it is left out."""
    field = f"pricing.{name}"
    if given.get(name) is None:
        return 0
    rate = money.from_wire(given[name], field)
    if not 0 <= rate <= _MAX_RATE:
        raise invalid_argument(field, "Input should be from 0 to 10000 US dollars")
    return rate


def _gpu_price(row: Row) -> Json:
    return {
        "gpuType": row["gpu_type"],
        "cloudProvider": row["cloud_provider"],
        "hourlyRate": money.to_wire(row["hourly_rate"]),
        "isActive": bool(row["is_active"]),
    }


def _serverless_price(row: Row) -> Json:
    return {
        "model": row["model"],
        "inputRate": money.to_wire(row["input_rate"]),
        "cachedInputRate": money.to_wire(row["cached_input_rate"]),
        "outputRate": money.to_wire(row["output_rate"]),
        "isActive": bool(row["is_active"]),
    }
