"""What the SDK knows about chat completions beyond their specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tensormesh_api._operation import Behavior

if TYPE_CHECKING:
    from .events import ChatEvents


class ChatBehavior(Behavior):
    """Response formats, incomplete tool calls, leaked reasoning, and streams."""

    def check(self, body: Mapping[str, Any]) -> None:
        """Refuse a `response_format` that the hosts do not support: only `type` is allowed.

        Raises:
            TypeError, ValueError: It is not an object, or has another type or other keys.
        """
        if body.get("response_format") is None:
            return
        from tensormesh_api._wire import wire_object

        value = wire_object(body["response_format"], "response_format")
        if "type" not in value:
            raise ValueError("response_format.type is missing: use 'json_object' or 'text'")
        if value["type"] not in ("json_object", "text"):
            kind = f"response_format.type {value['type']!r}"
            raise ValueError(f"{kind} is not supported: use 'json_object' or 'text'")
        extra = [key for key in value if key != "type"]
        if extra:
            raise ValueError(f"response_format.{extra[0]} is not supported: use only 'type'")

    def repair(self, data: Any) -> None:
        """Fill in what some servers leave out of tool calls or send as null.

        The values are those of a streamed call: empty texts, and the type `function`.
        """
        for choice in _objects(data, "choices"):
            for call in _objects(choice.get("message"), "tool_calls"):
                _fill(call, id="", type="function", function={})
                if isinstance(call["function"], dict):
                    _fill(call["function"], name="", arguments="")

    def finish(self, result: Any) -> Any:
        """Move a leaked `<think>` block into `reasoning`."""
        messages = [choice.message for choice in result.choices]
        if any(each.reasoning_content or "<think>" in (each.content or "") for each in messages):
            from .reasoning import lift_reasoning

            lift_reasoning(result)
        return result

    def events(self) -> ChatEvents:
        """Return a reader for the chunks of one stream."""
        from .events import ChatEvents

        return ChatEvents()


def _objects(parent: Any, key: str) -> list[dict[str, Any]]:
    items = parent.get(key) if isinstance(parent, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _fill(target: dict[str, Any], **defaults: Any) -> None:
    target.update({key: value for key, value in defaults.items() if target.get(key) is None})
