"""One request and its answer, as the contract suite saw them or as a sample keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from schemathesis import Case, Response
from support.inference_specs import HOSTS, METHODS, Json, bundle, spec

EVENT_STREAM = "text/event-stream"
DONE = "[DONE]"


@dataclass(frozen=True)
class Exchange:
    """What was asked and what came, without headers: those carry credentials.

    Attributes:
        host: `serverless`, `on_demand` or `control_plane`.
        operation_id: The operation of that host's specification.
        query: Parameters of the query by name.
        request: The JSON body of the request, None if it had none.
        status: HTTP status of the answer.
        media_type: Media type of the answer, empty if it had none.
        text: Body of the answer.
    """

    host: str
    operation_id: str
    query: Mapping[str, Any]
    request: Json
    status: int
    media_type: str
    text: str

    @property
    def is_stream(self) -> bool:
        return self.media_type == EVENT_STREAM

    def bodies(self) -> list[Json]:
        """The JSON of the answer: its body, or the data of each event.

        Raises:
            ValueError: It is no JSON.
        """
        if not self.is_stream:
            return [json.loads(self.text)]
        return [json.loads(data) for data in event_data(self.text) if data != DONE]


def event_data(text: str) -> list[str]:
    """The data of each event of a stream; what else is in it is left out."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    lines = [[line for line in block.split("\n") if line.startswith("data:")] for block in blocks]
    return [
        "\n".join(line.removeprefix("data:").removeprefix(" ") for line in block)
        for block in lines
        if block
    ]


def exchange_of(case: Case[Any], response: Response) -> Exchange:
    """What Schemathesis sent and got."""
    media_type = next(iter(response.headers.get("content-type") or [""]))
    return Exchange(
        host=str(case.operation.schema.raw_schema["x-tm-host"]),
        operation_id=str(case.operation.definition.raw["operationId"]),
        query=dict(case.query or {}),
        request=case.body if isinstance(case.body, (dict, list, str)) else None,
        status=response.status_code,
        media_type=media_type.partition(";")[0].strip().lower(),
        text=response.content.decode("utf-8", "replace"),
    )


@cache
def whole_document(host: str) -> Json:
    """The host's specification as it stands, with all that it refers to inside it."""
    return bundle(host) if host in HOSTS else spec(host)


@cache
def operations_of(host: str) -> dict[str, tuple[str, str, Json]]:
    """Method, path and definition of each operation of a host, by its id."""
    return {
        item[method]["operationId"]: (method.upper(), path, item[method])
        for path, item in whole_document(host)["paths"].items()
        for method in METHODS
        if method in item
    }


def answer_of(host: str, operation_id: str, status: int) -> tuple[str | None, Json]:
    """The declaration of an answer, and the status under which it stands: None if that is none."""
    responses = operations_of(host)[operation_id][2]["responses"]
    name = str(status) if str(status) in responses else None
    found = responses.get(name or "default", {})
    if "$ref" in found:
        found = whole_document(host)["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return name, found
