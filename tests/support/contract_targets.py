"""Which hosts the contract suite runs against, as the environment says.

Without ``SERVERLESS_URL``, ``ON_DEMAND_URL`` and ``CONTROL_PLANE_URL`` those are local ones, which
are asked everything. Hosts given by these variables are treated gently: only what reads is called,
unless ``CONTRACT_WRITE=1`` allows the rest too, no invalid data is sent, unless ``CONTRACT_FUZZ=1``
asks for it, and no more than ``CONTRACT_RATE`` requests (``2/s``). Credentials come from the
variables that the SDK reads, the models to ask from ``CONTRACT_SERVERLESS_MODEL`` and
``CONTRACT_ON_DEMAND_MODEL``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import requests

URL_VARIABLES = {
    "serverless": "SERVERLESS_URL",
    "on_demand": "ON_DEMAND_URL",
    "control_plane": "CONTROL_PLANE_URL",
}
MODEL_VARIABLES = {
    "serverless": "CONTRACT_SERVERLESS_MODEL",
    "on_demand": "CONTRACT_ON_DEMAND_MODEL",
}
KEY_VARIABLES = {
    "serverless": "TENSORMESH_INFERENCE_API_KEY",
    "on_demand": "TENSORMESH_INFERENCE_API_KEY",
    "control_plane": "TENSORMESH_CONTROL_PLANE_TOKEN",
}
USER_ID_VARIABLE = "TENSORMESH_ON_DEMAND_USER_ID"
TIMEOUT_SECONDS = 60
USUAL_RATE = "2/s"


class Secret(str):
    """Text whose repr does not show it, so that no test output does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[Filtered]'"


@dataclass(frozen=True)
class Plan:
    """What to test.

    Attributes:
        urls: Base URLs by host; empty for local hosts.
        may_write: What changes or costs something may be sent; always, to a local host.
        may_fuzz: Invalid data may be sent; always, to a local host.
        rate: Most requests in a time, such as ``2/s``; None for a local host.
        replay: Folder of samples that are judged in the place of hosts; None to ask hosts.
    """

    urls: Mapping[str, str]
    may_write: bool
    may_fuzz: bool
    rate: str | None
    replay: Path | None = None

    @property
    def samples(self) -> Path:
        """The folder of samples.

        Raises:
            ValueError: There is none to replay.
        """
        if self.replay is None:
            raise ValueError("CONTRACT_REPLAY names no folder of samples")
        return self.replay

    @property
    def is_local(self) -> bool:
        return not self.urls

    @property
    def hosts(self) -> list[str]:
        return list(self.urls or URL_VARIABLES)


@dataclass(frozen=True)
class Target:
    """One host to test.

    Attributes:
        host: Its name.
        base_url: Where it is.
        api_key: The bearer credential: an API key, or an access token of the Control Plane.
        user_id: Value of ``X-User-Id``.
        is_local: Whether it runs in this process.
    """

    host: str
    base_url: str
    api_key: str | None = field(repr=False)
    user_id: str | None = field(repr=False)
    is_local: bool

    def call_settings(self, *, user_id: bool = True) -> dict[str, Any]:
        """Arguments of a call by Schemathesis, credentials among them; without `X-User-Id` where a
        test is about that.
        """
        headers = {}
        if self.api_key:
            headers["Authorization"] = Secret(f"Bearer {self.api_key}")
        if user_id and self.host == "on_demand" and self.user_id:
            headers["X-User-Id"] = Secret(self.user_id)
        return {
            "base_url": self.base_url,
            "session": self.session,
            "headers": headers,
            "timeout": TIMEOUT_SECONDS,
            # Another host must not get the credentials.
            "allow_redirects": False,
        }

    @cached_property
    def session(self) -> requests.Session:
        """Connections to the host: to a local one, past any proxy of this machine."""
        session = requests.Session()
        session.trust_env = not self.is_local
        # The key is in the headers; a password of this machine's settings must not replace it.
        session.auth = _as_it_is
        return session


def read_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """Read the environment. Empty variables count as unset."""
    given = {host: environment.get(name, "") for host, name in URL_VARIABLES.items()}
    urls = {host: _base_url(url) for host, url in given.items() if url}
    replay = environment.get("CONTRACT_REPLAY")
    return Plan(
        urls=urls,
        may_write=not urls or environment.get("CONTRACT_WRITE") == "1",
        may_fuzz=not urls or environment.get("CONTRACT_FUZZ") == "1",
        rate=(environment.get("CONTRACT_RATE") or USUAL_RATE) if urls else None,
        replay=Path(replay) if replay else None,
    )


def remote_target(host: str, url: str, environment: Mapping[str, str] = os.environ) -> Target:
    """A host that somebody else runs, with the credentials of the environment."""
    return Target(
        host=host,
        base_url=url,
        api_key=environment.get(KEY_VARIABLES[host]) or None,
        user_id=environment.get(USER_ID_VARIABLE) or None,
        is_local=False,
    )


@cache
def model_name(target: Target) -> str | None:
    """The model to ask: the one named in the environment, else the first that the host lists."""
    named = os.environ.get(MODEL_VARIABLES[target.host])
    if named and not target.is_local:
        return named
    settings = target.call_settings()
    answer = target.session.get(
        f"{target.base_url}/v1/models",
        headers=settings["headers"],
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )
    answer.raise_for_status()
    cards: list[dict[str, Any]] = answer.json()["data"]
    return str(cards[0]["id"]) if cards else None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _base_url(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1")
