"""Judges samples of real exchanges without network: by the specs, and by the SDK's own reading."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from support.contract_exchanges import (
    EVENT_STREAM,
    Exchange,
    answer_of,
    operations_of,
    whole_document,
)
from support.control_plane_examples import public_method, request_examples, unwrapped
from support.inference_specs import HOSTS, problems
from support.sdk_faces import Server, SyncFace, answer, host
from support.sdk_samples import METHODS

from tensormesh import APIStatusError

JSON = "application/json"


def spec_problems(sample: Exchange) -> list[str]:
    """What of a sample the specs do not say."""
    declared_as, declared = answer_of(sample.host, sample.operation_id, sample.status)
    if declared_as is None:
        return [f"the status {sample.status} is not declared"]
    if not sample.text and "x-tm-empty" in declared:
        return []
    content = declared.get("content", {})
    if sample.media_type not in content:
        return [f"the media type is {sample.media_type!r}, not {' or '.join(content)}"]
    components = whole_document(sample.host)["components"]
    schema = {**content[sample.media_type]["schema"], "components": components}
    try:
        bodies = sample.bodies()
    except ValueError as problem:
        return [f"the body is no JSON: {problem}"]
    judge = Draft202012Validator(schema)
    return [text for body in bodies for text in problems(judge, body)]


def sdk_problems(sample: Exchange) -> list[str]:
    """What the SDK does not give back of a sample as it came."""
    face = SyncFace()
    try:
        expected, found = _expected(sample), _found(face, sample)
    finally:
        face.finish()
    return [] if found == expected else [f"the SDK gives {found!r}, not {expected!r}"]


def _expected(sample: Exchange) -> Any:
    """What a caller must get: a result, the events of a stream, or the status of an error."""
    if sample.status >= 400:
        return sample.status
    if sample.is_stream:
        return sample.bodies()
    if not sample.text:
        return answer_of(sample.host, sample.operation_id, sample.status)[1].get("x-tm-empty")
    body = sample.bodies()[0]
    return body if sample.host in HOSTS else unwrapped(sample.operation_id, body)


def _found(face: SyncFace, sample: Exchange) -> Any:
    server = Server(
        answer(sample.text.encode(), status=sample.status, content_type=sample.media_type or None)
    )
    settings: dict[str, Any] = {"max_retries": 0}
    if sample.host not in HOSTS:
        settings |= {
            "control_plane_token": "replayed",
            "control_plane_base_url": "https://replayed.test",
        }
    client = face.client(server, **settings)
    try:
        result = _call(client, sample)
        if sample.is_stream:
            return [event.to_dict() for event in result]
        return None if result is None else result.to_dict()
    except APIStatusError as error:
        return error.status_code


def _call(client: Any, sample: Exchange) -> Any:
    if sample.host not in HOSTS:
        arguments = request_examples(sample.operation_id)[-1].arguments
        return public_method(client, sample.operation_id)(**arguments)
    _, path, _ = operations_of(sample.host)[sample.operation_id]
    method = next(each for each in METHODS if each.route == path)
    stream = {"stream": True} if sample.media_type == EVENT_STREAM else {}
    return method.of(host(client, sample.host))(**method.arguments, **stream)
