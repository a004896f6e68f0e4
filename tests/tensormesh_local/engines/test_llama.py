"""The llama engine, on a real model: every operation in the shapes of the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.checked_client import event_data, streamed_text
from support.project_files import ROOT

from tensormesh_local import LocalHost
from tensormesh_local.auth import DEFAULT_API_KEY
from tensormesh_local.engines.base import EngineError
from tensormesh_local.options import HostOptions
from tensormesh_local.server import make_engine
from tensormesh_local.specs import load_specs

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("xllamacpp")

MODEL_FILE = ROOT / "tests" / "models" / "tiny-chat-f16.gguf"
MODEL = "tiny-chat-f16"


@pytest.fixture(scope="module")
def llama() -> Iterator[LocalHost]:
    """A host that runs the test model."""
    with LocalHost("llama", model_path=MODEL_FILE) as host:
        yield host


def _call(host: LocalHost, operation_id: str, body: Any = None) -> httpx.Response:
    """Call an operation and check its answer against the definition."""
    specs = load_specs()
    operation = next(each for each in specs.serverless if each.operation_id == operation_id)
    response = httpx.request(
        operation.method,
        host.serverless_base_url + operation.path,
        json=body,
        headers={"Authorization": f"Bearer {DEFAULT_API_KEY}"},
        timeout=30,
    )
    media_type = response.headers["Content-Type"].partition(";")[0]
    validator = specs.response_validator(operation, response.status_code, media_type)
    assert validator is not None
    if media_type == "text/event-stream":
        for data in event_data(response.text):
            validator.validate(data)
    else:
        validator.validate(response.json())
    return response


def _chat(**fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Say hello."}]
    return {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 32, **fields}


def test_a_real_model_answers(llama: LocalHost) -> None:
    answer = _call(llama, "create_chat_completion", _chat()).json()
    assert answer["choices"][0]["message"]["content"] == "Hello! How can I help you today?"
    streamed = _call(llama, "create_chat_completion", _chat(stream=True))
    assert streamed_text(event_data(streamed.text)) == "Hello! How can I help you today?"


def test_it_completes_text(llama: LocalHost) -> None:
    body = {"model": MODEL, "prompt": "Once upon a time", "max_tokens": 4, "temperature": 0}
    assert _call(llama, "create_completion", body).json()["choices"][0]["text"]


def test_tokens_have_the_shapes_of_the_definitions(llama: LocalHost) -> None:
    text = "Hello, d\u00e9j\u00e0!"
    body = {"model": MODEL, "prompt": text, "return_token_strs": True}
    tokens = _call(llama, "create_tokenization", body).json()
    assert tokens["count"] == len(tokens["tokens"]) == len(tokens["token_strs"])
    assert tokens["max_model_len"] > 0
    back = _call(llama, "create_detokenization", {"model": MODEL, "tokens": tokens["tokens"]})
    assert back.json() == {"prompt": text}


def test_tokens_of_a_conversation_agree_with_its_usage(llama: LocalHost) -> None:
    body = {"model": MODEL, "prompt": "", "messages": _chat()["messages"]}
    count = _call(llama, "create_tokenization", body).json()["count"]
    usage = _call(llama, "create_chat_completion", _chat()).json()["usage"]
    assert usage["prompt_tokens"] == count


def test_the_small_operations_answer(llama: LocalHost) -> None:
    models = _call(llama, "list_models").json()
    assert [card["id"] for card in models["data"]] == [MODEL]
    assert _call(llama, "get_health").json() == {"status": "ok"}
    assert "llama.cpp" in _call(llama, "get_version").json()["version"]


def test_what_is_not_there_is_refused(llama: LocalHost) -> None:
    unknown = _call(llama, "create_chat_completion", _chat(model="nope"))
    assert unknown.status_code == 404
    body = {"model": MODEL, "tokens": [10**6]}
    assert _call(llama, "create_detokenization", body).status_code == 400


@pytest.mark.parametrize(
    ("model_path", "reason"),
    [(None, "--model"), ("/no/such.gguf", "does not exist"), (__file__, "not a GGUF file")],
)
def test_a_missing_or_wrong_file_is_named(model_path: str | None, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        make_engine(HostOptions(engine="llama", model_path=model_path))
