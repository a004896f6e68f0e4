"""Fixtures: a host that begins with its default user alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from local_control_plane.world import Client, World


@pytest.fixture
def world() -> Iterator[World]:
    """A host in memory, at 2026-05-20T08:00:00Z."""
    made = World()
    yield made
    made.control_plane.close()


@pytest.fixture
def admin(world: World) -> Client:
    """The default user, an administrator."""
    return world.admin


@pytest.fixture
def user(world: World) -> Client:
    """A user without privileges."""
    return world.user()


@pytest.fixture
def other(world: World) -> Client:
    """Another user without privileges."""
    return world.user("jonas@heron.test")
