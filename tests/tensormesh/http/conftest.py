"""Fixtures of tests that run the SDK against real sockets."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from support.sdk_faces import AsyncFace, Face, SyncFace


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TENSORMESH_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """What a test leaves unclosed is an error of that test, and not of a later one."""
    yield
    gc.collect()


@pytest.fixture(params=[SyncFace, AsyncFace])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    """Each colour of the SDK, sending in its own way."""
    made = request.param(own=True)
    yield made
    made.finish()
