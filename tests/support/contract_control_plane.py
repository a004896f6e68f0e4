"""Makes requests that fit the Control Plane's schemas be about what there is on a local host.

Schemathesis builds most requests from the spec's examples. What these name stands on the account of
their operation, so a request gets past the question whether it is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from schemathesis import Case
from support.contract_targets import Target
from support.control_plane_example_account import ExampleAccount, ExampleAccounts


def place(case: Case[Any], target: Target, accounts: ExampleAccounts) -> Target:
    """Put what is there in the place of what the examples name; give the target for the caller."""
    operation_id: str = case.operation.definition.raw["operationId"]
    account = accounts.of(operation_id)
    case.path_parameters = {
        # They are quoted already.
        name: quote(account.adapt(unquote(value)), safe="") if isinstance(value, str) else value
        for name, value in case.path_parameters.items()
    }
    case.query = account.adapt(case.query)
    case.body = account.adapt(case.body)
    for values in (case.query, case.body):
        if isinstance(values, dict):
            _name_caller(values, account, operation_id)
    return replace(target, api_key=account.token(operation_id))


def _name_caller(values: dict[str, Any], account: ExampleAccount, operation_id: str) -> None:
    """Name the caller where a made-up user is named, and the first page for a made-up token."""
    if isinstance(values.get("userId"), str):
        values["userId"] = account.caller(operation_id)
    if isinstance(values.get("pageToken"), str):
        values["pageToken"] = ""
