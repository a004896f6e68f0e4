"""What the API is known to refuse of a chat request, and what servers leak into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api._wire import wire_object

from ._reasoning import split_reasoning

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion

_FORMATS = ("json_object", "text")


def check_response_format(value: Any) -> None:
    """Refuse a `response_format` that this surface does not support.

    Raises:
        ValueError: Its type is not `json_object` or `text`, or it has other keys than `type`.
        TypeError: It is no object.
    """
    value = wire_object(value, "response_format")
    if "type" not in value:
        raise ValueError("response_format.type is missing: use 'json_object' or 'text'")
    if value["type"] not in _FORMATS:
        raise ValueError(
            f"response_format.type {value['type']!r} is not supported: use 'json_object' or 'text'"
        )
    extra = [str(key) for key in value if key != "type"]
    if extra:
        raise ValueError(
            f"response_format.{extra[0]} is not supported: only 'type' may stand in response_format"
        )


def fill_tool_calls(data: Any) -> None:
    """Fill in what some servers leave out of tool calls or send as null, in place.

    The values are those of a call that was streamed: empty texts, and the type `function`.

    Args:
        data: A completion as decoded JSON.
    """
    for choice in _objects(data, "choices"):
        for call in _objects(choice.get("message"), "tool_calls"):
            _fill(call, id="", type="function", function={})
            if isinstance(call["function"], dict):
                _fill(call["function"], name="", arguments="")


def _objects(parent: Any, key: str) -> list[dict[str, Any]]:
    items = parent.get(key) if isinstance(parent, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _fill(target: dict[str, Any], **defaults: Any) -> None:
    target.update({key: value for key, value in defaults.items() if target.get(key) is None})


def lift_reasoning(completion: ChatCompletion) -> ChatCompletion:
    """Move a leaked `<think>` block at the beginning of an answer into `reasoning`, in place.

    `reasoning_content`, the name of older servers, is read into `reasoning` too. Reasoning that
    the server sent under its own name is never changed.
    """
    for choice in completion.choices:
        message = choice.message
        if not message.reasoning and message.reasoning_content:
            message.reasoning = message.reasoning_content
        if message.content:
            reasoning, message.content = split_reasoning(message.content)
            message.reasoning = message.reasoning or reasoning
    return completion
