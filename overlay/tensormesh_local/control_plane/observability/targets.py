"""Which traffic a request for logs or metrics is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tensormesh_local.control_plane.errors import not_found

if TYPE_CHECKING:
    import sqlite3

    from tensormesh_local.control_plane.context import Context


@dataclass(frozen=True, slots=True)
class Target:
    """A model of a user's inventory; or, without an id, one that this host serves to all."""

    user_id: str
    model_id: str
    name: str

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of a query for its traffic.

        The condition is ``user_id = :user_id AND model_id = :model_id
        AND :name IN (model, :no_name)``: an id is enough where there is one.
        """
        no_name = self.name if self.model_id else ""
        return {
            "user_id": self.user_id,
            "model_id": self.model_id,
            "name": self.name,
            "no_name": no_name,
        }


def deployed_model_id(db: sqlite3.Connection, user_id: str, served_name: str) -> str:
    """Return the id of the user's newest model with a served name; empty if there is none."""
    row = db.execute(
        "SELECT id FROM models WHERE user_id = ? AND served_name = ? "
        "ORDER BY deleted_at IS NULL DESC, created_at DESC, rowid DESC LIMIT 1",
        (user_id, served_name),
    ).fetchone()
    return row["id"] if row else ""


def find_target(
    context: Context,
    db: sqlite3.Connection,
    owner: str,
    model_id: str | None,
    deployment_id: str | None,
) -> Target:
    """Return what a model's or deployment's id, or both, stand for.

    Models that this host serves without a deployment have no id: their names stand for them, in
    place of either, and what is told of them is the user's own traffic.

    Raises:
        ControlPlaneError: 403 or 404, there is no such model or it is not the caller's to see.
    """
    if model_id:
        row = db.execute("SELECT * FROM models WHERE id = ?", (model_id,)).fetchone()
        if row is not None:
            context.require_access("model", model_id, row["user_id"])
            if deployment_id and deployment_id != row["served_name"]:
                raise not_found("deployment of this model", deployment_id)
            return Target(row["user_id"], model_id, row["served_name"])
        if deployment_id and deployment_id != model_id:
            raise not_found("model", model_id)
    name = model_id or deployment_id or ""
    deployed = deployed_model_id(db, owner, name)
    if not deployed and not _is_known(db, owner, name):
        raise not_found("model" if model_id else "deployment", name)
    return Target(owner, deployed, name)


def _is_known(db: sqlite3.Connection, owner: str, name: str) -> bool:
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM serverless_pricing WHERE model = :name) OR EXISTS "
        "(SELECT 1 FROM usage_minutes WHERE user_id = :owner AND model = :name) AS known",
        {"owner": owner, "name": name},
    ).fetchone()
    return bool(row["known"])
