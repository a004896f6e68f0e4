"""Fixtures: a host that begins with its default user alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.control_plane_world import OPEN_WORLDS, Client, World


def _close_worlds(*, keep: int) -> None:
    while len(OPEN_WORLDS) > keep:
        OPEN_WORLDS.pop().control_plane.close()


@pytest.fixture(scope="session", autouse=True)
def _shared_worlds_are_closed() -> Iterator[None]:
    """Worlds of fixtures that many tests share end with the run."""
    yield
    _close_worlds(keep=0)


@pytest.fixture(autouse=True)
def _worlds_of_a_test_are_closed() -> Iterator[None]:
    """A database that is dropped open is a warning, and warnings are errors."""
    shared = len(OPEN_WORLDS)
    yield
    _close_worlds(keep=shared)


@pytest.fixture
def world() -> World:
    """A host in memory, at 2026-05-20T08:00:00Z."""
    return World()


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
