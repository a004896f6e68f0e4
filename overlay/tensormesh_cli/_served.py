"""Find the models of an inventory that are served, and the newest of them.

On-Demand takes the served name of a model, not its id in the Control Plane.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tensormesh import Tensormesh
    from tensormesh.types import Model

PAGE_SIZE = 100

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def served_name(model: Model) -> str | None:
    """Return the name under which On-Demand serves a model, or None if it is not served."""
    from tensormesh.types import ModelStatus

    if model.status != ModelStatus.MODEL_STATUS_RUNNING or not model.endpoint:
        return None
    deployment = model.deployment_id
    if deployment and not _UUID.fullmatch(deployment):
        return deployment
    return model.model_name or None


def newest_served(models: Iterable[Model]) -> Model | None:
    """Return the served model that was created last, or None if none is served.

    Of models created at the same time, take the one updated last, then the smallest id.
    """
    served = [model for model in models if served_name(model) is not None]
    return min(served, key=_age, default=None)


def list_models(client: Tensormesh) -> Iterator[Model]:
    """Iterate over all models of the caller. Each page is requested when it is needed."""
    return client.control_plane.models.auto_paging_iter(size=PAGE_SIZE)


def _age(model: Model) -> tuple[float, float, str]:
    created, updated = model.created_at, model.updated_at
    return (
        -created.timestamp() if created else 0.0,
        -updated.timestamp() if updated else 0.0,
        model.model_id,
    )
