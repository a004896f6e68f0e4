"""Parse Responses requests: their items become the messages of a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tensormesh_local.chat_template import render_chat
from tensormesh_local.generation import ChatTask, Constraint, Sampling, ServedModel
from tensormesh_local.http.errors import ApiError, bad_request, refuse_if
from tensormesh_local.wire import requests
from tensormesh_local.wire.chat_request import read_tool_choice

Body = Mapping[str, Any]

_LOGPROBS: Final = "message.output_text.logprobs"


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A parsed Responses request."""

    body: Body
    prompt: list[int]
    task: ChatTask
    sampling: Sampling
    stream: bool


def read_response(body: Body, model: ServedModel) -> ResponseRequest:
    """Parse a request that matches the schema.

    Raises:
        ApiError: 400, the request asks for something unsupported; 404, it refers to a stored
            response.
    """
    _refuse_stored(body)
    messages = list(_messages(body))
    refuse_if(not messages, "input must not be empty.", "input")
    for message in messages:
        requests.refuse_media(message["content"], model.name)
    tools = [
        tool for tool in body.get("tools") or () if tool["type"] == "function" and tool.get("name")
    ]
    prompt = render_chat(messages, [{"type": "function", "function": tool} for tool in tools])
    effort = (body.get("reasoning") or {}).get("effort")
    task = ChatTask(
        messages=messages,
        thinking="none" if effort == "none" else model.thinking,
        tools=tools,
        tool_choice=read_tool_choice(body.get("tool_choice"), tools),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        constraint=_constraint(body),
    )
    wants_logprobs = _LOGPROBS in (body.get("include") or ())
    sampling = requests.read_sampling(
        body,
        prompt,
        max_tokens=requests.integer(body, "max_output_tokens"),
        logprobs=requests.integer(body, "top_logprobs") or 0 if wants_logprobs else None,
    )
    return ResponseRequest(body, prompt, task, sampling, bool(body.get("stream")))


def _refuse_stored(body: Body) -> None:
    refuse_if(body.get("prompt") is not None, "Prompt templates are not supported.", "prompt")
    message = "Background responses are not supported here."
    refuse_if(body.get("background"), message, "background")
    previous = body.get("previous_response_id")
    if previous is not None:
        raise ApiError(
            404,
            f"Response with id {previous!r} not found.",
            param="response_id",
            kind="invalid_request_error",
        )


def _constraint(body: Body) -> Constraint | None:
    if body.get("structured_outputs"):
        return requests.read_constraint(body)
    form = (body.get("text") or {}).get("format")
    if not form:
        return None
    # Responses has the schema in the format itself; chat has it one level down.
    return requests.read_constraint(
        {"response_format": {**form, "json_schema": {"schema": form.get("schema")}}}
    )


def _messages(body: Body) -> Iterator[dict[str, Any]]:
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}
    items = body["input"]
    if isinstance(items, str):
        yield {"role": "user", "content": items}
        return
    for index, item in enumerate(items):
        match item.get("type") or "message":
            case "message":
                yield {"role": item.get("role") or "user", "content": item.get("content")}
            case "function_call":
                function = {
                    "name": item.get("name") or "",
                    "arguments": item.get("arguments") or "{}",
                }
                call = {"id": item.get("call_id"), "type": "function", "function": function}
                yield {"role": "assistant", "content": None, "tool_calls": [call]}
            case "function_call_output":
                output, call_id = item.get("output"), item.get("call_id")
                yield {"role": "tool", "tool_call_id": call_id, "content": output}
            case "reasoning":
                continue
            case other:
                raise bad_request(
                    f"Input items of type {other!r} are not supported here.", f"input.{index}"
                )
