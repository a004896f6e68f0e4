"""The list of models."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from tensormesh_local.generation import MAX_MODEL_LEN, ServedModel


def model_list(models: Iterable[ServedModel], started: int) -> dict[str, Any]:
    """Return the list of models; ``started`` is the Unix time of those without one."""
    return {"object": "list", "data": [_card(model, started) for model in models]}


def _card(model: ServedModel, started: int) -> dict[str, Any]:
    created = started if model.created is None else model.created
    permission = {
        "id": f"modelperm-{blake2b(model.name.encode(), digest_size=8).hexdigest()}",
        "object": "model_permission",
        "created": created,
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
    return {
        "id": model.name,
        "object": "model",
        "created": created,
        "owned_by": "tensormesh-local",
        "root": model.family,
        "parent": None,
        "max_model_len": MAX_MODEL_LEN,
        "permission": [permission],
    }
