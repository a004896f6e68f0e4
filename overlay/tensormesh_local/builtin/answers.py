"""Plan what the built-in model answers to a chat or a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from random import Random

from tensormesh_local.builtin.constraint import constrained_text, prompted_schema
from tensormesh_local.builtin.generate import Answer, Segment
from tensormesh_local.builtin.prose import more_sentences, thoughts
from tensormesh_local.builtin.schema_instance import UnsupportedSchemaError
from tensormesh_local.builtin.text import continuation, reply
from tensormesh_local.builtin.tools import (
    call_segments,
    fitting_tool,
    last_user_text,
    plan_calls,
    tool_results,
)
from tensormesh_local.chat_template import content_text
from tensormesh_local.generation import ChatTask, Constraint, Kind


def plan_chat(task: ChatTask, rng: Random) -> Answer:
    """Return the answer to a conversation."""
    text = last_user_text(task.messages)
    thinking = _thinking_segments(task, text, rng)
    if task.tool_choice.mode in {"required", "named"}:
        return _forced_calls(task, text, rng, thinking)
    if task.constraint:
        constrained = _constrained(task, task.constraint, text, rng)
        return Answer([*thinking, Segment(Kind.CONTENT, [constrained])])
    results = tool_results(task.messages)
    tool = (
        fitting_tool(task.tools, text) if task.tool_choice.mode == "auto" and not results else None
    )
    if tool:
        calls = plan_calls(tool, text, rng, parallel=task.parallel_tool_calls)
        return Answer([*thinking, *call_segments(calls, bare=False)], "tool_calls")
    return Answer(
        _with_content(thinking, _chat_text(task, text, results, rng)),
        filler=more_sentences(text, rng),
    )


def plan_completion(prompt: str, constraint: Constraint | None, rng: Random) -> Answer:
    """Return the continuation of a prompt."""
    if constraint:
        return Answer([Segment(Kind.CONTENT, [constrained_text(constraint, prompt, rng)])])
    return Answer(
        [Segment(Kind.CONTENT, continuation(prompt, rng))], filler=more_sentences(prompt, rng)
    )


def _constrained(task: ChatTask, constraint: Constraint, text: str, rng: Random) -> str:
    """Return an answer that meets a constraint; in JSON mode, also a schema in the prompt."""
    schema = prompted_schema(task.messages) if constraint.kind == "json_object" else None
    if schema is not None:
        # An unsupported schema is not an error here: the request itself asks for any object.
        with suppress(UnsupportedSchemaError):
            return constrained_text(Constraint("json_schema", schema), text, rng)
    return constrained_text(constraint, text, rng)


def _chat_text(
    task: ChatTask, text: str, results: Sequence[tuple[str, str]], rng: Random
) -> Iterable[str]:
    if task.continue_final_message and task.messages[-1].get("role") == "assistant":
        return continuation(content_text(task.messages[-1].get("content")), rng)
    if results:
        lines = [f"{name} returned: {result}" for name, result in results]
        return ["Here is what I found. " + "\n".join(lines)]
    return reply(text, rng)


def _thinking_segments(task: ChatTask, text: str, rng: Random) -> list[Segment]:
    if task.thinking == "none" or task.continue_final_message:
        return []
    thought = thoughts(text, rng)
    if task.thinking == "leaked":
        # A constraint or a forced call leaves no room for a block before it.
        free = task.constraint is None and task.tool_choice.mode in {"auto", "none"}
        return [Segment(Kind.CONTENT, [f"<think>\n{thought}\n</think>\n\n"])] if free else []
    return [
        Segment(Kind.HIDDEN, ["<think>\n"]),
        Segment(Kind.REASONING, [thought]),
        Segment(Kind.HIDDEN, ["\n</think>\n\n"]),
    ]


def _with_content(thinking: list[Segment], chunks: Iterable[str]) -> list[Segment]:
    """Put content after thinking. A leaked block and the content are one segment."""
    if thinking and thinking[-1].kind is Kind.CONTENT:
        return [Segment(Kind.CONTENT, chain(thinking[-1].chunks, chunks))]
    return [*thinking, Segment(Kind.CONTENT, chunks)]


def _forced_calls(task: ChatTask, text: str, rng: Random, thinking: list[Segment]) -> Answer:
    named = task.tool_choice.mode == "named"
    if named:
        tool = next(tool for tool in task.tools if tool["name"] == task.tool_choice.name)
    else:
        tool = fitting_tool(task.tools, text) or task.tools[0]
    calls = plan_calls(tool, text, rng, parallel=task.parallel_tool_calls and not named)
    reason = "stop" if named else "tool_calls"
    return Answer([*thinking, *call_segments(calls, bare=named)], reason)
