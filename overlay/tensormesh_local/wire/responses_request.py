"""Reads a Responses request: its items become the messages of a chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.builtin.answers import ChatTask
from tensormesh_local.builtin.template import render_chat
from tensormesh_local.http.errors import ApiError, bad_request
from tensormesh_local.wire.chat_request import named_tool_choice, read_tool_choice
from tensormesh_local.wire.requests import Sampling, read_constraint, read_sampling, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tensormesh_local.builtin.catalog import ServedModel
    from tensormesh_local.builtin.constraint import Constraint

    Body = Mapping[str, Any]

_LOGPROBS: Final = "message.output_text.logprobs"
_MEDIA_PARTS: Final = frozenset({"input_image", "input_file"})


@dataclass(frozen=True, slots=True)
class ResponseCall:
    """A Responses request, read."""

    prompt: list[int]
    task: ChatTask
    sampling: Sampling
    stream: bool


def read_response(body: Body, model: ServedModel) -> ResponseCall:
    """Read a request that fits the schema.

    Raises:
        ApiError: 400, the request asks for what is not supported; 404, a stored response.
    """
    _refuse_stored(body)
    messages = list(_messages(body, model.name))
    if not messages:
        raise bad_request("input must not be empty.", "input")
    tools = [
        tool for tool in body.get("tools") or () if tool["type"] == "function" and tool.get("name")
    ]
    prompt = render_chat(messages, [{"type": "function", "function": tool} for tool in tools])
    choice = body.get("tool_choice")
    effort = (body.get("reasoning") or {}).get("effort")
    task = ChatTask(
        messages=messages,
        thinking="none" if effort == "none" else model.thinking,
        tools=tools,
        tool_choice=named_tool_choice(choice["name"], tools)
        if isinstance(choice, dict)
        else read_tool_choice(choice, tools),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        constraint=_constraint(body),
    )
    wants_logprobs = _LOGPROBS in (body.get("include") or ())
    sampling = read_sampling(
        body,
        prompt,
        max_tokens=whole_number(body, "max_output_tokens"),
        logprobs=whole_number(body, "top_logprobs") or 0 if wants_logprobs else None,
    )
    return ResponseCall(prompt, task, sampling, bool(body.get("stream")))


def _refuse_stored(body: Body) -> None:
    if body.get("prompt") is not None:
        raise bad_request("Prompt templates are not supported.", "prompt")
    if body.get("background"):
        raise bad_request("background responses are not supported here.", "background")
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
        return read_constraint(body)
    form = (body.get("text") or {}).get("format")
    if not form:
        return None
    # The Responses form of a schema is flat; the chat form has it one level down.
    return read_constraint(
        {"response_format": {**form, "json_schema": {"schema": form.get("schema")}}}
    )


def _messages(body: Body, model_name: str) -> Iterator[dict[str, Any]]:
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}
    items = body["input"]
    if isinstance(items, str):
        yield {"role": "user", "content": items}
        return
    for index, item in enumerate(items):
        match item.get("type") or "message":
            case "message":
                yield {
                    "role": item.get("role") or "user",
                    "content": _content(item.get("content"), model_name),
                }
            case "function_call":
                function = {
                    "name": item.get("name") or "",
                    "arguments": item.get("arguments") or "{}",
                }
                call = {"id": item.get("call_id"), "type": "function", "function": function}
                yield {"role": "assistant", "content": None, "tool_calls": [call]}
            case "function_call_output":
                output = _content(item.get("output"), model_name)
                yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": output}
            case "reasoning":
                continue
            case other:
                raise bad_request(
                    f"Input items of type {other!r} are not supported here.", f"input.{index}"
                )


def _content(content: Any, model_name: str) -> Any:
    if isinstance(content, list) and any(part["type"] in _MEDIA_PARTS for part in content):
        raise bad_request(f"{model_name} is not a multimodal model")
    return content
