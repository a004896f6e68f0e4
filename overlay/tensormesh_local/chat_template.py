"""Render chat messages as prompt tokens, in a form like ChatML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tensormesh_local.tokenizer import encode
from tensormesh_local.vocabulary import BOS, TURN_END, TURN_START

Message = Mapping[str, Any]


def render_chat(
    messages: Sequence[Message],
    tools: Sequence[Mapping[str, Any]] = (),
    *,
    add_generation_prompt: bool = True,
    continue_final_message: bool = False,
    add_special_tokens: bool = False,
) -> list[int]:
    """Return the prompt tokens of a conversation.

    Args:
        messages: Messages of a chat completion request.
        tools: Tools of a chat completion request; they become a first system turn.
        add_generation_prompt: End with the start of an assistant turn.
        continue_final_message: Leave the last turn open.
        add_special_tokens: Start with the beginning-of-sequence token.
    """
    ids = [BOS] if add_special_tokens else []
    if tools:
        listing = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
        ids += _turn("system", f"# Tools\n{listing}")
    for message in messages:
        ids += _turn(str(message.get("role", "user")), message_text(message))
    if continue_final_message and messages:
        # Remove the end of the turn and the line break after it.
        del ids[-2:]
    elif add_generation_prompt:
        ids += [TURN_START, *encode("assistant\n")]
    return ids


def message_text(message: Message) -> str:
    """Return the text of a message: its content and its tool calls, on separate lines."""
    lines = [content_text(message.get("content"))]
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        name, arguments = json.dumps(function.get("name", "")), function.get("arguments") or "{}"
        lines.append(f'<tool_call>\n{{"name": {name}, "arguments": {arguments}}}\n</tool_call>')
    return "\n".join(line for line in lines if line)


def content_text(content: Any) -> str:
    """Return the text of a message's content: a string, null, or a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text") or part.get("refusal") or "") for part in content)


def _turn(role: str, text: str) -> list[int]:
    return [TURN_START, *encode(f"{role}\n{text}"), TURN_END, *encode("\n")]
