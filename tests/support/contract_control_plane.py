"""Makes requests that fit the Control Plane's schemas be about what there is on a local host.

Schemathesis builds most requests from the spec's examples. What these name stands on the stage of
their operation, so a request gets past the question whether it is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from schemathesis import Case
from support.contract_targets import Target
from support.control_plane_stage import Stage, Stages


def place(case: Case[Any], target: Target, stages: Stages) -> Target:
    """Put what is there in the place of what the examples name; give the target for the caller."""
    operation_id: str = case.operation.definition.raw["operationId"]
    stage = stages.of(operation_id)
    case.path_parameters = {
        # They are quoted already.
        name: quote(stage.adapt(unquote(value)), safe="") if isinstance(value, str) else value
        for name, value in case.path_parameters.items()
    }
    case.query = stage.adapt(case.query)
    case.body = stage.adapt(case.body)
    for values in (case.query, case.body):
        if isinstance(values, dict):
            _name_caller(values, stage, operation_id)
    return replace(target, api_key=stage.token(operation_id))


def _name_caller(values: dict[str, Any], stage: Stage, operation_id: str) -> None:
    """Name the caller where a made-up user is named, and the first page for a made-up token."""
    if isinstance(values.get("userId"), str):
        values["userId"] = stage.caller(operation_id)
    if isinstance(values.get("pageToken"), str):
        values["pageToken"] = ""
