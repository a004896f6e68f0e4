"""The hosts under test: a local one, or those that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.contract_targets import MODEL_VARIABLES, Target, model_name, read_plan, remote_target

from tensormesh_local import LocalHost

PLAN = read_plan()
collect_ignore_glob: list[str] = []
if not PLAN.is_local:
    # They test the SDK, or this suite itself.
    collect_ignore_glob += ["test_links.py", "test_sdk_*.py", "test_remote_hosts.py"]
if not PLAN.may_fuzz:
    collect_ignore_glob += ["test_invalid_requests.py"]


@pytest.fixture(scope="session")
def local_host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture(scope="session")
def targets(request: pytest.FixtureRequest) -> Iterator[dict[str, Target]]:
    """The hosts under test, by name. A local one is started only if none is given."""
    if PLAN.is_local:
        local: LocalHost = request.getfixturevalue("local_host")
        urls = {"serverless": local.serverless_base_url, "on_demand": local.on_demand_base_url}
        found = {
            host: Target(host, url, local.api_key, local.user_id, is_local=True)
            for host, url in urls.items()
        }
    else:
        found = {host: remote_target(host, url) for host, url in PLAN.urls.items()}
    yield found
    for target in found.values():
        target.session.close()


@pytest.fixture(scope="session")
def served_model(targets: dict[str, Target]) -> Callable[[str], str]:
    """Gives the model to ask on a host."""

    def find(host: str) -> str:
        name = model_name(targets[host])
        if name is None:
            pytest.skip(f"{host} lists no model: name one by {MODEL_VARIABLES[host]}")
        return name

    return find
