"""Which traffic, and which time range, a request for logs or metrics is about."""

from __future__ import annotations

from dataclasses import dataclass

from tensormesh_local.clock import parse_time
from tensormesh_local.control_plane.context import Context
from tensormesh_local.control_plane.errors import invalid_argument, not_found
from tensormesh_local.control_plane.state import Database


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed model, or, without an id, a model that this host serves to everyone."""

    user_id: str
    model_id: str
    name: str

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of a query for its traffic.

        The condition is ``user_id = :user_id AND model_id = :model_id
        AND :name IN (model, :no_name)``: an id is sufficient if there is one.
        """
        no_name = self.name if self.model_id else ""
        return {
            "user_id": self.user_id,
            "model_id": self.model_id,
            "name": self.name,
            "no_name": no_name,
        }


def deployed_model_id(db: Database, user_id: str, served_name: str) -> str:
    """Return the id of the user's newest model with a served name; empty if there is none."""
    row = db.one(
        "SELECT id FROM models WHERE user_id = ? AND served_name = ? "
        "ORDER BY deleted_at IS NULL DESC, created_at DESC, rowid DESC LIMIT 1",
        (user_id, served_name),
    )
    return row["id"] if row else ""


def find_target(
    context: Context, owner: str, model_id: str | None, deployment_id: str | None
) -> Target:
    """Return the target with a model id, a deployment id, or both.

    Models that this host serves without a deployment have no ids: use their names instead. The
    target is then the user's own traffic.

    Raises:
        ControlPlaneError: 403 or 404, the model does not exist or the caller may not see it.
    """
    if model_id:
        row = context.db.one("SELECT * FROM models WHERE id = ?", (model_id,))
        if row is not None:
            context.require_access("model", model_id, row)
            if deployment_id and deployment_id != row["served_name"]:
                raise not_found("deployment of this model", deployment_id)
            return Target(row["user_id"], model_id, row["served_name"])
        if deployment_id and deployment_id != model_id:
            raise not_found("model", model_id)
    name = model_id or deployment_id or ""
    deployed = deployed_model_id(context.db, owner, name)
    if not deployed and not _is_known(context.db, owner, name):
        raise not_found("model" if model_id else "deployment", name)
    return Target(owner, deployed, name)


def read_range(context: Context, usual: int) -> tuple[int, int]:
    """Return the time range of a request in microseconds; its end is exclusive.

    Args:
        context: The operation; ``startTime`` and ``endTime`` are optional.
        usual: Length of the range without ``startTime``.

    Raises:
        ControlPlaneError: 400, it ends before it starts.
    """
    given_start, given_end = context.query.get("startTime"), context.query.get("endTime")
    # One more, so that the current moment is part of "until now".
    end = parse_time(given_end) if given_end else context.now + 1
    start = parse_time(given_start) if given_start else end - usual
    if start > end:
        raise invalid_argument("endTime", "Input should not be before startTime")
    return start, end


def _is_known(db: Database, owner: str, name: str) -> bool:
    query = (
        "SELECT 1 FROM serverless_pricing WHERE model = :name UNION ALL "
        "SELECT 1 FROM usage_minutes WHERE user_id = :owner AND model = :name LIMIT 1"
    )
    return db.one(query, {"owner": owner, "name": name}) is not None
