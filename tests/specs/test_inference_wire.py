"""What real servers say fits the inference specs, and what they refuse does not."""

from __future__ import annotations

import pytest
from support.cases import for_each
from support.inference_specs import Json, component, problems, resolve, spec
from support.wire_records import (
    DONE,
    raw_chunk_names,
    read_raw_chunks,
    read_record,
    record_names,
)

# ---- A real server's answers

OTHER_ROUTES = {
    "embeddings": "the service documents no embeddings",
    "err_404_path": "asks for a path that does not exist",
    "err_405": "asks for a route with the wrong method",
    "model_get": "a single model cannot be read",
    "model_get_404": "a single model cannot be read",
    "responses_cancel_404": "stored responses are not documented by the service",
    "responses_get_404": "stored responses are not documented by the service",
}
REQUESTS_THAT_DO_NOT_FIT = {
    "completions_err_list_empty": "no prompt; the server refuses it too",
    "err_bad_json": "not JSON; the server refuses it too",
    "err_bad_type": "wrong types; the server refuses it too",
    "err_missing_messages": "no messages; the server refuses it too",
    "err_stream_bad": "no messages; the server refuses it too",
    "err_temp_range": "temperature out of range; the server refuses it too",
    "err_too_long": "the record shortens the request",
    "responses_err_bad": "wrong types; the server refuses it too",
    "responses_err_missing": "no input; the server refuses it too",
    "tokenize_chat": "messages in place of the prompt, which the service documents as required",
}
OUR_RECORDS = [name for name in record_names() if name not in OTHER_ROUTES]


def operation_of(method: str, path: str) -> Json | None:
    item = spec("serverless")["paths"].get(path, {})
    return item.get(method.lower())


def schema_of(operation: Json, status: int, kind: str) -> str:
    """The component that the answer's schema refers to."""
    answers = operation["responses"]
    answer = resolve("serverless", answers.get(str(status), answers["default"]))
    ref: str = answer["content"][kind]["schema"]["$ref"]
    return ref.rpartition("/")[2]


def test_lists_of_exceptions_name_existing_records() -> None:
    assert OTHER_ROUTES.keys() | REQUESTS_THAT_DO_NOT_FIT.keys() <= set(record_names())


@for_each("name", record_names())
def test_record_is_whole(name: str) -> None:
    record = read_record(name)
    if record.is_stream:
        assert b"".join(read_raw_chunks(name)) == record.body
    else:
        assert len(record.body) == int(record.headers["content-length"])


def test_every_streamed_record_has_its_raw_chunks() -> None:
    streams = [name for name in record_names() if read_record(name).is_stream]
    assert streams == raw_chunk_names()


@for_each("name", OTHER_ROUTES)
def test_record_of_another_route_is_no_route_of_ours_and_its_error_fits(name: str) -> None:
    record = read_record(name)
    assert operation_of(record.method, record.path) is None
    assert problems(component("ErrorBody"), record.json()) == []


@for_each("name", OUR_RECORDS)
def test_recorded_request_fits(name: str) -> None:
    record = read_record(name)
    operation = operation_of(record.method, record.path)
    assert operation is not None
    if "requestBody" not in operation:
        assert record.request_body == b""
        return
    ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    try:
        body = record.request_json()
    except ValueError:
        fits = False
    else:
        fits = problems(component(ref.rpartition("/")[2]), body) == []
    assert fits == (name not in REQUESTS_THAT_DO_NOT_FIT)


@for_each("name", OUR_RECORDS)
def test_recorded_answer_fits(name: str) -> None:
    record = read_record(name)
    operation = operation_of(record.method, record.path)
    assert operation is not None
    if record.body == b"":
        assert (record.path, record.status) == ("/health", 200)
        return
    if not record.is_stream:
        of = component(schema_of(operation, record.status, "application/json"))
        assert problems(of, record.json()) == []
        return
    of = component(schema_of(operation, record.status, "text/event-stream"))
    events = [event for event in record.events() if event.data != DONE]
    assert events
    for event in events:
        assert problems(of, event.json()) == [], event.data
        assert event.event in (None, event.json().get("type"))


# ---- Other servers' answers, and requests that must be refused

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
TOOL_PIECE = {
    "index": 0,
    "id": "a",
    "type": "function",
    "function": {"name": "f", "arguments": "{"},
}
ANSWERS_THAT_FIT = {
    "first chunk with null content": (
        "ChatCompletionChunk",
        {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]},
    ),
    "first tool piece with arguments": (
        "ChatCompletionChunk",
        {**CHUNK, "choices": [{"index": 0, "delta": {"tool_calls": [TOOL_PIECE]}}]},
    ),
    "chunk of choices alone": ("ChatCompletionChunk", {"choices": [{"delta": {}}]}),
    "older name of reasoning": (
        "ChatCompletionChunk",
        {"choices": [{"delta": {"reasoning_content": "so"}}]},
    ),
    "message without optional fields": (
        "ChatCompletion",
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"message": {"role": "assistant", "content": "ok"}, "timings": {}}],
        },
    ),
    "completion with log probabilities in the form of chat": (
        "TextCompletionChunk",
        {"choices": [{"text": "a", "logprobs": {"content": [{"token": "a", "logprob": -1}]}}]},
    ),
    "created event with a bare response": (
        "ResponseStreamEvent",
        {"type": "response.created", "response": {"id": "r", "object": "response"}},
    ),
    "text event without places": (
        "ResponseStreamEvent",
        {"type": "response.output_text.delta", "item_id": "i", "delta": "a"},
    ),
    "usage in the form of chat": ("ResponseUsage", {"prompt_tokens": 1, "completion_tokens": 1}),
    "tokens alone": ("TokenizeResponse", {"tokens": [1]}),
    "empty list of models": ("ModelList", {"object": "list", "data": []}),
    "model card with further fields": ("ModelCard", {"id": "m", "meta": {"n_ctx": 1}, "tags": []}),
    "error with a text": ("ErrorBody", {"error": "Unauthorized"}),
    "error with a textual code": ("ErrorBody", {"error": {"message": "no", "code": "invalid"}}),
    "error with details": ("ErrorBody", {"detail": [{"loc": ["body"], "msg": "no"}]}),
    "error of no known form": ("ErrorBody", {"title": "no"}),
}

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
TEXT = {"model": "m", "prompt": "hi"}
FUNCTION = {"type": "function", "function": {"name": "f", "description": ""}}
DETOKENIZE = {"model": "m", "tokens": [1]}
REQUESTS_OUT_OF_BOUNDS: dict[str, tuple[str, Json]] = {
    "no model": ("ChatCompletionRequest", {"messages": CHAT["messages"]}),
    "no messages": ("ChatCompletionRequest", {**CHAT, "messages": []}),
    "message without a role": ("ChatCompletionRequest", {**CHAT, "messages": [{"content": "hi"}]}),
    "top_p of zero": ("ChatCompletionRequest", {**CHAT, "top_p": 0}),
    "top_p above one": ("ChatCompletionRequest", {**CHAT, "top_p": 1.1}),
    "n of zero": ("ChatCompletionRequest", {**CHAT, "n": 0}),
    "top_logprobs below -1": ("ChatCompletionRequest", {**CHAT, "top_logprobs": -2}),
    "seed beyond 64 bits": ("ChatCompletionRequest", {**CHAT, "seed": 2**63}),
    "empty tools": ("ChatCompletionRequest", {**CHAT, "tools": []}),
    "tool with an empty description": ("ChatCompletionRequest", {**CHAT, "tools": [FUNCTION]}),
    "unknown tool_choice": ("ChatCompletionRequest", {**CHAT, "tool_choice": "maybe"}),
    "empty prompt": ("TextCompletionRequest", {**TEXT, "prompt": ""}),
    "negative token in the prompt": ("TextCompletionRequest", {**TEXT, "prompt": [-1]}),
    "no input": ("ResponseRequest", {"model": "m"}),
    "negative token": ("DetokenizeRequest", {**DETOKENIZE, "tokens": [-1]}),
    "token beyond 63 bits": ("DetokenizeRequest", {**DETOKENIZE, "tokens": [2**63]}),
}


@for_each(("name", "answer"), ANSWERS_THAT_FIT.values(), ids=ANSWERS_THAT_FIT)
def test_answer_of_a_lenient_server_fits(name: str, answer: Json) -> None:
    assert problems(component(name), answer) == []


@for_each(("name", "request_body"), REQUESTS_OUT_OF_BOUNDS.values(), ids=REQUESTS_OUT_OF_BOUNDS)
def test_request_out_of_bounds_does_not_fit(name: str, request_body: Json) -> None:
    assert problems(component(name), request_body) != []


@pytest.mark.parametrize(
    ("name", "request_body"),
    [
        ("ChatCompletionRequest", CHAT),
        ("TextCompletionRequest", TEXT),
        ("DetokenizeRequest", DETOKENIZE),
    ],
)
def test_request_with_unknown_fields_fits(name: str, request_body: Json) -> None:
    assert problems(component(name), {**request_body, "no_such_field": 1}) == []
