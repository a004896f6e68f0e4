"""The hosts under test: a local one, or those that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from support.contract_exchanges import exchange_of
from support.contract_targets import MODEL_VARIABLES, Target, model_name, read_plan, remote_target
from support.contract_watch import Watch, read_watch
from support.control_plane_example_account import ExampleAccounts
from support.control_plane_examples import EXAMPLES_TIME

from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

REPLAYING = "test_recorded_samples.py"
PLAN = read_plan()
WATCH = read_watch(PLAN)
collect_ignore_glob: list[str] = []
if PLAN.replay:
    # Nobody is asked anything.
    tests = Path(__file__).parent.glob("test_*.py")
    collect_ignore_glob += [each.name for each in tests if each.name != REPLAYING]
else:
    collect_ignore_glob += [REPLAYING]
if not PLAN.is_local:
    # They test the SDK, this suite itself, or what takes a host that begins with nothing.
    collect_ignore_glob += [
        "test_links.py",
        "test_control_plane_*.py",
        "test_sdk_*.py",
        "test_structured_local.py",
        "test_remote_hosts.py",
        "test_foreign_server.py",
        "test_report_*.py",
    ]
if not PLAN.may_fuzz:
    collect_ignore_glob += ["test_invalid_requests.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin that the settings leave out because it slows down every start of pytest."""
    config.pluginmanager.import_plugin("schemathesis.pytest.plugin")


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
) -> None:
    """Have every call of the suite seen."""
    if WATCH:
        WATCH.observe(exchange_of(case, response))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what the run says of the specs."""
    if WATCH:
        terminalreporter.section("the specs and what was answered")
        for line in WATCH.finish():
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def watch() -> Watch:
    """What counts and keeps exchanges; there is one wherever samples are replayed."""
    assert WATCH is not None
    return WATCH


@pytest.fixture(scope="session")
def local_host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture(scope="session")
def control_plane_clock() -> ManualClock:
    """What tells the local Control Plane the time."""
    return ManualClock(EXAMPLES_TIME)


@pytest.fixture(scope="session")
def local_control_plane(control_plane_clock: ManualClock) -> Iterator[LocalHost]:
    """A host of its own: what is done there would change what inference is answered."""
    with LocalHost(clock=control_plane_clock) as host:
        yield host


@pytest.fixture(scope="session")
def accounts(request: pytest.FixtureRequest) -> Iterator[ExampleAccounts | None]:
    """What the examples tell of, on the local Control Plane; None if others are tested."""
    if not PLAN.is_local:
        yield None
        return
    host: LocalHost = request.getfixturevalue("local_control_plane")
    clock: ManualClock = request.getfixturevalue("control_plane_clock")
    with closing(ExampleAccounts(host, clock)) as made:
        yield made


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
        other: LocalHost = request.getfixturevalue("local_control_plane")
        found["control_plane"] = Target(
            "control_plane",
            other.control_plane_base_url,
            other.control_plane_token,
            None,
            is_local=True,
        )
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
