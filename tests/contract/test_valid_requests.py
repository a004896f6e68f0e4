"""Every operation of the specs over HTTP: what fits the spec is answered as the spec declares.

Schemathesis makes the requests from the specs and runs all of its checks on the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth
from support.contract_checks import answers_as_asked
from support.contract_control_plane import place
from support.contract_requests import mend
from support.contract_schemas import host_of, valid_requests
from support.contract_targets import Target, read_plan
from support.control_plane_example_account import ExampleAccounts

known_to_need_a_key: set[str] = set()


@pytest.mark.slow
@schemathesis.pytest.parametrize(**valid_requests(read_plan()))
def test_valid_request_is_answered_as_declared(
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
        mend(case.path, case.body, served_model(target.host))
    operation = f"{target.host} {case.operation.label}"
    case.call_and_validate(
        **target.call_settings(),
        additional_checks=[answers_as_asked],
        # It sends the request twice more, with no key and with a wrong one: once is enough.
        excluded_checks=[ignored_auth] if operation in known_to_need_a_key else [],
    )
    known_to_need_a_key.add(operation)
