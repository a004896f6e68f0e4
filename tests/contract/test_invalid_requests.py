"""Every operation of the specs over HTTP: what does not fit the spec is refused as it declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from support.contract_control_plane import place
from support.contract_requests import focus
from support.contract_schemas import host_of, invalid_requests
from support.contract_targets import Target, read_plan
from support.control_plane_example_account import ExampleAccounts


@pytest.mark.slow
@schemathesis.pytest.parametrize(**invalid_requests(read_plan()))
def test_invalid_request_is_refused_as_declared(
    case: Case[Any],
    targets: dict[str, Target],
    served_model: Callable[[str], str],
    accounts: ExampleAccounts | None,
) -> None:
    target = targets[host_of(case)]
    if target.host == "control_plane":
        if accounts:
            target = place(case, target, accounts)
    elif isinstance(case.body, dict):
        focus(case.body, served_model(target.host))
    body_is_wrong = case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)
    # Either the body is wrong or the headers, so that it is known what was refused.
    case.call_and_validate(**target.call_settings(user_id=body_is_wrong))
