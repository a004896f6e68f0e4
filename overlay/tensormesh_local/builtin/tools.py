"""Decide which tools to call, and with which arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from tensormesh_local.builtin.generate import Segment
from tensormesh_local.builtin.hints import Hints, topic_words
from tensormesh_local.builtin.schema_instance import build_instance
from tensormesh_local.chat_template import content_text
from tensormesh_local.generation import Kind, ToolCall

Message = Mapping[str, Any]
Tool = Mapping[str, Any]

_MOST_PARALLEL_CALLS: Final = 4


def last_user_text(messages: Sequence[Message]) -> str:
    """Return the text of the last user message."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return content_text(message.get("content"))
    return ""


def tool_results(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return the tool name and result of each tool message after the last user message."""
    names: dict[Any, str] = {}
    results: list[tuple[str, str]] = []
    for message in messages:
        if message.get("role") == "user":
            results.clear()
        for call in message.get("tool_calls") or ():
            names[call.get("id")] = str((call.get("function") or {}).get("name", "tool"))
        if message.get("role") in {"tool", "function"}:
            name = names.get(message.get("tool_call_id")) or str(message.get("name") or "tool")
            results.append((name, content_text(message.get("content"))))
    return results


def fitting_tool(tools: Sequence[Tool], text: str) -> Tool | None:
    """Return the tool that shares most words with a text, or None if none shares any."""
    wanted = _stems(text)

    def overlap(tool: Tool) -> int:
        return len(wanted & _stems(f"{tool['name']} {tool.get('description') or ''}"))

    best = max(tools, key=overlap, default=None)
    return best if best is not None and overlap(best) else None


def plan_calls(tool: Tool, text: str, rng: Random, *, parallel: bool) -> list[ToolCall]:
    """Return the calls of a tool that answer a text: one, or one for each name in it."""
    schema = tool.get("parameters")
    schema = schema if isinstance(schema, dict) and schema else {"type": "object"}
    hints = Hints.from_text(text)
    names = hints.names if parallel and _takes_one_name(schema) else hints.names[:1]
    each_hints = [Hints(hints.text, (name,), hints.numbers, hints.words) for name in names]
    if len(each_hints) <= 1:
        each_hints = [hints]
    return [
        ToolCall(
            str(tool["name"]), json.dumps(build_instance(schema, rng, one), ensure_ascii=False)
        )
        for one in each_hints[:_MOST_PARALLEL_CALLS]
    ]


def call_segments(calls: Sequence[ToolCall], *, bare: bool) -> list[Segment]:
    """Return the text of tool calls as a model generates them.

    Args:
        calls: The calls.
        bare: Generate only the arguments, because the request names the tool.
    """
    segments = []
    for call in calls:
        opening = f'<tool_call>\n{{"name": {json.dumps(call.name)}, "arguments": '
        segments.append(Segment(Kind.CALL, ["" if bare else opening], call))
        segments.append(Segment(Kind.ARGUMENTS, [call.arguments]))
        if not bare:
            segments.append(Segment(Kind.HIDDEN, ["}\n</tool_call>"]))
    return segments


def _stems(text: str) -> set[str]:
    """Return the topic words of a text in the singular."""
    return {word.removesuffix("s") for word in topic_words(text)}


def _takes_one_name(schema: dict[str, Any]) -> bool:
    """Tell whether a tool requires one argument only, a string of any form."""
    required = schema.get("required") or list(schema.get("properties", {}))
    if len(required) != 1:
        return False
    only = schema.get("properties", {}).get(required[0], {})
    return (
        isinstance(only, dict)
        and only.get("type") == "string"
        and not only.keys() & {"enum", "pattern", "format"}
    )
