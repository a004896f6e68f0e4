"""Fixtures: the built-in host behind a checking client."""

from __future__ import annotations

import pytest
from support.checked_client import CheckedClient

from tensormesh_local import create_app


@pytest.fixture(scope="session")
def client() -> CheckedClient:
    """Serverless, shared by tests that do not depend on what came before."""
    return CheckedClient(create_app())


@pytest.fixture(scope="session")
def on_demand() -> CheckedClient:
    """On-Demand, shared likewise."""
    return CheckedClient(create_app(), "on_demand")


@pytest.fixture
def fresh() -> CheckedClient:
    """Serverless with nothing in its caches."""
    return CheckedClient(create_app())
