"""The models read the examples of the specs and the records of a real server, unchanged."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from support.cases import for_each
from support.inference_specs import HOSTS, Json, component, operations, problems, resolve, spec
from support.model_strategies import UNIONS, decoder, same_json
from support.wire_records import DONE, read_record, record_names

from tensormesh_api._model import InvalidDataError, UnknownVariant


def check_unchanged(name: str, data: Json) -> None:
    model = decoder(name)(data)
    assert same_json(model.to_dict(), data)
    assert decoder(name)(model.to_dict()) == model
    if name in UNIONS:
        assert type(model) is not UnknownVariant


def model_of(media: Json) -> str:
    """The name of the model that the schema of a body refers to."""
    ref: str = media["schema"]["$ref"]
    return ref.rpartition("/")[2]


def answer_of(operation: Json, host: str, status: int) -> Json:
    answers = operation["responses"]
    return resolve(host, answers.get(str(status), answers["default"]))


# ---- Examples of the specs


def examples() -> list[Any]:
    found = []
    for host in HOSTS:
        for path, method, operation in operations(host):
            answers = [*operation["responses"].items()]
            bodies = [("request", operation.get("requestBody", {"content": {}}))]
            bodies += [(status, resolve(host, answer)) for status, answer in answers]
            found += [
                pytest.param(
                    model_of(media),
                    resolve(document_of(media, host), example)["value"],
                    id=f"{host}-{method}-{path}-{status}-{name}",
                )
                for status, body in bodies
                for media in body["content"].values()
                for name, example in media["examples"].items()
            ]
    return found


def document_of(media: Json, host: str) -> str:
    """The document that holds the body: the host's own refers to the shared one by its name."""
    ref: str = media["schema"]["$ref"]
    return host if ref.startswith("inference.yaml") else "inference"


SHARED_EXAMPLES = spec("inference")["components"]["examples"]


@for_each(("name", "example"), examples())
def test_example_of_the_specs_comes_back_unchanged(name: str, example: Json) -> None:
    check_unchanged(name, example)


def test_examples_cover_requests_answers_streams_and_errors() -> None:
    names = {case.values[0] for case in examples()}
    assert names >= {
        *("ChatCompletionRequest", "ChatCompletion", "ChatCompletionChunk"),
        *("TextCompletionRequest", "TextCompletion", "TextCompletionChunk"),
        *("ResponseRequest", "Response", "ResponseStreamEvent"),
        *("TokenizeRequest", "TokenizeResponse", "DetokenizeRequest", "DetokenizeResponse"),
        *("ModelList", "HealthResponse", "VersionResponse", "ErrorBody"),
    }
    shared = [each["value"] for each in SHARED_EXAMPLES.values()]
    used = [case.values[1] for case in examples()]
    assert [value for value in shared if value not in used] == []


# ---- Records of a real server


def operation_of(name: str) -> Json | None:
    record = read_record(name)
    return spec("serverless")["paths"].get(record.path, {}).get(record.method.lower())


def kind_of(name: str) -> str:
    return "text/event-stream" if read_record(name).is_stream else "application/json"


OURS = [name for name in record_names() if operation_of(name) is not None]
OTHERS = [name for name in record_names() if operation_of(name) is None]
WITH_BODY = [name for name in OURS if read_record(name).body]
WITH_REQUEST = [name for name in OURS if read_record(name).request_body]
STREAMS = [name for name in OURS if read_record(name).is_stream]
PLAIN = [name for name in WITH_BODY if name not in STREAMS]
NOT_JSON = ["err_bad_json", "err_too_long"]


def answer_model(name: str) -> str:
    """The model of a recorded answer: of the whole body, or of each event."""
    answer = answer_of(operation_of(name), "serverless", read_record(name).status)
    return model_of(answer["content"][kind_of(name)])


def test_records_are_of_every_kind() -> None:
    models = {answer_model(name) for name in WITH_BODY}
    assert models >= {"ChatCompletionChunk", "TextCompletionChunk", "ResponseStreamEvent"}
    assert models >= {"ChatCompletion", "TextCompletion", "Response", "ErrorBody", "ModelList"}


@for_each("name", PLAIN)
def test_recorded_answer_comes_back_unchanged(name: str) -> None:
    record = read_record(name)
    assert (answer_model(name) == "ErrorBody") == (record.status >= 400)
    check_unchanged(answer_model(name), record.json())


@for_each("name", STREAMS)
def test_each_event_of_a_recorded_stream_comes_back_unchanged(name: str) -> None:
    events = [event for event in read_record(name).events() if event.data != DONE]
    assert events
    for event in events:
        check_unchanged(answer_model(name), event.json())


@for_each("name", [name for name in OTHERS if read_record(name).status >= 400])
def test_recorded_error_of_another_route_comes_back_unchanged(name: str) -> None:
    check_unchanged("ErrorBody", read_record(name).json())


@for_each("name", [name for name in WITH_REQUEST if name not in NOT_JSON])
def test_recorded_request_that_fits_comes_back_unchanged_and_no_other_breaks(name: str) -> None:
    operation = operation_of(name)
    assert operation is not None
    model = model_of(operation["requestBody"]["content"]["application/json"])
    body = read_record(name).request_json()
    if problems(component(model), body):
        # Bounds are the server's business; what is read all the same is read whole.
        with suppress(InvalidDataError):
            assert same_json(decoder(model)(body).to_dict(), body)
    else:
        check_unchanged(model, body)
