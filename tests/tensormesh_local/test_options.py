"""The options of a local host."""

from __future__ import annotations

import pytest

from tensormesh_local import LocalHost
from tensormesh_local.options import HostOptions


@pytest.mark.parametrize("kind", [HostOptions, LocalHost])
def test_a_repr_shows_no_key_or_token(kind: type[HostOptions]) -> None:
    options = kind(
        api_keys=["secret-1"], upstream_api_key="secret-2", control_plane_token="secret-3"
    )
    if isinstance(options, LocalHost):
        options.stop()
    assert "secret" not in repr(options)
