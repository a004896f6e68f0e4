"""The built-in host takes what a real vLLM server took, and answers in the same shape."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.checked_client import CheckedClient, event_data
from support.wire_records import DONE, WireRecord, read_record, record_names

from tensormesh_local import create_app
from tensormesh_local.builtin.catalog import Catalog
from tensormesh_local.engines.builtin import BuiltinEngine

# The definitions ask for a prompt even where messages take its place; vLLM does not.
_LEFT_OUT = {"openapi", "tokenize_chat"}
_SUCCESSES = [
    name for name in record_names() if name not in _LEFT_OUT and read_record(name).status == 200
]
# The record of an over-long prompt is shortened and no JSON; stored responses are left out.
_REFUSALS = [
    name
    for name in record_names()
    if read_record(name).status >= 400
    and name not in {"err_too_long", "responses_get_404", "responses_cancel_404"}
]


@pytest.fixture(scope="module")
def vllm() -> CheckedClient:
    """A host that serves the recorded model's name."""
    return CheckedClient(create_app(BuiltinEngine(catalog=Catalog(["tiny-chat"]))))


def _replay(client: CheckedClient, record: WireRecord) -> httpx.Response:
    headers = {"Authorization": "Bearer tm-local-key", "Content-Type": "application/json"}
    path = f"/serverless{record.path}"
    return client.send(record.method, path, content=record.request_body, headers=headers)


def _paths(value: Any, at: str = "") -> set[str]:
    """Return the paths of all keys, leaving out what requests or chance put there."""
    if isinstance(value, list):
        return set().union(*(_paths(each, at) for each in value[:1]))
    if not isinstance(value, dict) or at.endswith(
        ("top_logprobs", "prompt_logprobs", "tools", "text.format", "reasoning")
    ):
        return set()
    paths = {f"{at}.{key}" for key in value if f"{at}.{key}" != ".text.verbosity"}
    return paths.union(*(_paths(each, f"{at}.{key}") for key, each in value.items()))


def _event_paths(events: list[dict[str, Any]]) -> dict[str, set[str]]:
    shapes: dict[str, set[str]] = {}
    for event in events:
        shapes.setdefault(event.get("type", "chunk"), set()).update(_paths(event))
    return shapes


@for_each("name", _SUCCESSES)
def test_an_answer_has_the_recorded_keys(vllm: CheckedClient, name: str) -> None:
    record = read_record(name)
    response = _replay(vllm, record)
    assert response.status_code == 200, response.text
    if record.is_stream:
        recorded = _event_paths([each.json() for each in record.events() if each.data != DONE])
        ours = _event_paths(event_data(response.text))
        # The plain chat model does not think.
        recorded["chunk"] = recorded.get("chunk", set()) - {".choices.delta.reasoning"}
        ours.setdefault("chunk", set())
        assert ours == recorded
    elif record.body.strip():
        assert _paths(response.json()) == _paths(record.json())


@for_each("name", _REFUSALS)
def test_a_refusal_has_the_recorded_status_and_shape(vllm: CheckedClient, name: str) -> None:
    record = read_record(name)
    response = _replay(vllm, record)
    assert response.status_code == record.status
    assert _paths(response.json()) == _paths(record.json())
