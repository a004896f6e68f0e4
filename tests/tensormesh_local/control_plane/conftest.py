"""Fixtures: a host that begins with its default user alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.control_plane_host import OPEN_HOSTS, Client, Host


def _close_hosts(*, keep: int) -> None:
    while len(OPEN_HOSTS) > keep:
        OPEN_HOSTS.pop().control_plane.close()


@pytest.fixture(scope="session", autouse=True)
def _shared_hosts_are_closed() -> Iterator[None]:
    """Close the hosts of shared fixtures at the end of the run."""
    yield
    _close_hosts(keep=0)


@pytest.fixture(autouse=True)
def _hosts_of_a_test_are_closed() -> Iterator[None]:
    """A database that is dropped open is a warning, and warnings are errors."""
    shared = len(OPEN_HOSTS)
    yield
    _close_hosts(keep=shared)


@pytest.fixture
def host() -> Host:
    """A host in memory, at 2026-05-20T08:00:00Z."""
    return Host()


@pytest.fixture
def admin(host: Host) -> Client:
    """The default user, an administrator."""
    return host.admin


@pytest.fixture
def user(host: Host) -> Client:
    """A user without privileges."""
    return host.user()


@pytest.fixture
def other(host: Host) -> Client:
    """Another user without privileges."""
    return host.user("jonas@heron.test")
