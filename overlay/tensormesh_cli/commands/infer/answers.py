"""What answers look like to people: their text, their tool calls, their table, their usage.

Texts are read from typed answers, in which the SDK has put leaked reasoning aside. Tables are read
from the JSON as it came.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensormesh.types import ChatCompletion, Response, TextCompletion
    from tensormesh_cli.output import Table

_CUT_OFF = "Note: the answer was cut off at its token limit."


def chat_text(completion: ChatCompletion) -> str:
    """The texts of all choices, each followed by its tool calls as lines of JSON."""
    blocks = []
    for choice in completion.choices:
        calls = [json_line(call.to_dict()) for call in choice.message.tool_calls or []]
        blocks.append(_join([choice.message.content or "", *calls], "\n"))
    return _join(blocks, "\n\n")


def chat_calls(completion: ChatCompletion) -> str:
    """The tool calls of the first choice, as lines of JSON."""
    for choice in completion.choices:
        if not choice.index:
            calls = choice.message.tool_calls or []
            return "\n".join(json_line(call.to_dict()) for call in calls)
    return ""


def chat_table(data: Any) -> Table:
    """One row for each choice."""
    from tensormesh_cli.output import Column, Table

    return Table(
        columns=[
            Column("INDEX", "index", align="right"),
            Column("FINISH REASON", "finish_reason"),
            Column("CONTENT", lambda choice: (choice.get("message") or {}).get("content")),
            Column("TOOL CALLS", _call_names),
        ],
        rows=_list(data, "choices"),
    )


def chat_note(completion: ChatCompletion) -> str | None:
    """What is worth a remark: an answer that was cut off, or that has no text."""
    if any(choice.finish_reason == "length" for choice in completion.choices):
        return _CUT_OFF
    for choice in completion.choices:
        message = choice.message
        if not message.content and not message.tool_calls and message.reasoning:
            return "Note: the answer is reasoning alone; --output json shows it."
    return None


def completion_text(completion: TextCompletion) -> str:
    """The texts of all choices."""
    return _join([choice.text for choice in completion.choices], "\n\n")


def completion_table(data: Any) -> Table:
    """One row for each choice."""
    from tensormesh_cli.output import Column, Table

    return Table(
        columns=[
            Column("INDEX", "index", align="right"),
            Column("FINISH REASON", "finish_reason"),
            Column("TEXT", "text"),
        ],
        rows=_list(data, "choices"),
    )


def completion_note(completion: TextCompletion) -> str | None:
    """Whether an answer was cut off."""
    cut_off = any(choice.finish_reason == "length" for choice in completion.choices)
    return _CUT_OFF if cut_off else None


def response_text(response: Response) -> str:
    """The output texts, each function call as a line of JSON among them."""
    lines = []
    for item in response.output:
        data = item.to_dict()
        if item.type == "message":
            parts = [part for part in data["content"] if part.get("type") == "output_text"]
            lines.append("".join(part["text"] for part in parts))
        elif item.type == "function_call":
            lines.append(json_line(data))
    return _join(lines, "\n")


def response_calls(response: Response) -> str:
    """The function calls, as lines of JSON."""
    calls = [item for item in response.output if item.type == "function_call"]
    return "\n".join(json_line(call.to_dict()) for call in calls)


def response_table(data: Any) -> Table:
    """One row for each output item."""
    from tensormesh_cli.output import Column, Table

    return Table(
        columns=[
            Column("TYPE", "type"),
            Column("STATUS", "status"),
            Column("CONTENT", _item_content),
        ],
        rows=_list(data, "output"),
    )


def response_note(response: Response) -> str | None:
    """Whether the answer was cut off."""
    return _CUT_OFF if response.status == "incomplete" else None


def render_usage(usage: Any) -> str:
    """A line with the number of tokens, of any kind of answer."""
    if usage is None:
        return "Usage: the server reported none."
    data = usage.to_dict()
    prompt = data.get("prompt_tokens", data.get("input_tokens"))
    written = data.get("completion_tokens", data.get("output_tokens"))
    details = data.get("prompt_tokens_details") or data.get("input_tokens_details") or {}
    cached = details.get("cached_tokens") or 0
    return f"Usage: {prompt or 0} prompt tokens ({cached} cached), {written or 0} written."


def json_line(data: Any) -> str:
    """JSON data on one line."""
    return json.dumps(data, ensure_ascii=False)


def _join(texts: Iterable[str], separator: str) -> str:
    return separator.join(text for text in texts if text)


def _list(data: Any, name: str) -> list[Any]:
    found = data.get(name) if isinstance(data, dict) else None
    return [item for item in found or [] if isinstance(item, dict)]


def _call_names(choice: dict[str, Any]) -> str:
    calls = (choice.get("message") or {}).get("tool_calls") or []
    return ", ".join(str((call.get("function") or {}).get("name")) for call in calls)


def _item_content(item: dict[str, Any]) -> str:
    if item.get("type") == "function_call":
        return f"{item.get('name')} {item.get('arguments')}"
    return "".join(str(part.get("text") or "") for part in item.get("content") or [])
