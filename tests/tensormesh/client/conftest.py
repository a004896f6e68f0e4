"""Fixtures of tests that talk to the SDK through its public face."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from support.sdk_faces import FACES, SURFACES, Face


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TENSORMESH_"):
            monkeypatch.delenv(name)


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    """Each colour of the SDK, with a user's HTTP client and with the SDK's own way of sending."""
    made = FACES[request.param]()
    yield made
    made.finish()


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Face]:
    """Each colour once, for what does not depend on the way of sending."""
    made = FACES[request.param]()
    yield made
    made.finish()


@pytest.fixture
def sync() -> Iterator[Face]:
    """The synchronous client, for what the other colour does not do, or does otherwise."""
    made = FACES["sync"]()
    yield made
    made.finish()


@pytest.fixture
def asynchronous() -> Iterator[Face]:
    """The asynchronous client, likewise."""
    made = FACES["async"]()
    yield made
    made.finish()


@pytest.fixture(params=SURFACES)
def surface(request: pytest.FixtureRequest) -> str:
    """Each inference host."""
    name: str = request.param
    return name
