"""Reads a chat completion request and refuses what makes no sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensormesh_local.builtin.answers import ChatTask, Thinking, ToolChoice
from tensormesh_local.builtin.template import render_chat
from tensormesh_local.http.errors import bad_request
from tensormesh_local.wire.requests import (
    Sampling,
    StreamMode,
    cut_prompt,
    read_constraint,
    read_sampling,
    read_stream_mode,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_local.builtin.catalog import ServedModel

    Body = Mapping[str, Any]

_TEXT_PARTS = frozenset({"text", "refusal"})
_THINKING_SWITCHES = ("enable_thinking", "thinking")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat completion request, read."""

    prompt: list[int]
    task: ChatTask
    sampling: Sampling
    mode: StreamMode
    show_reasoning: bool


def read_chat(body: Body, model: ServedModel) -> ChatRequest:
    """Read a request that fits the schema.

    Raises:
        ApiError: 400, the request contradicts itself or asks for what is not supported.
    """
    check_template(body)
    messages = body["messages"]
    check_text_only(messages, model.name)
    tools = [tool["function"] for tool in body.get("tools") or ()]
    choice = body.get("tool_choice")
    prompt = render_chat(
        messages,
        body.get("tools") or (),
        add_generation_prompt=body.get("add_generation_prompt", True),
        continue_final_message=bool(body.get("continue_final_message")),
        add_special_tokens=bool(body.get("add_special_tokens")),
    )
    prompt = cut_prompt(prompt, body)
    task = ChatTask(
        messages=messages,
        thinking=_thinking(body, model),
        tools=tools,
        tool_choice=named_tool_choice(choice["function"]["name"], tools)
        if isinstance(choice, dict)
        else read_tool_choice(choice, tools),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        constraint=read_constraint(body),
        continue_final_message=bool(body.get("continue_final_message")),
    )
    show_reasoning = body.get("include_reasoning") is not False
    sampling = read_sampling(
        body,
        prompt,
        max_tokens=whole_number(body, "max_completion_tokens", "max_tokens"),
        logprobs=_chat_logprobs(body) if show_reasoning else None,
    )
    return ChatRequest(prompt, task, sampling, read_stream_mode(body), show_reasoning)


def read_tool_choice(choice: str | None, tools: Sequence[Mapping[str, Any]]) -> ToolChoice:
    """Read a ``tool_choice`` that is one of the words.

    Tools without a choice mean ``auto``.

    Raises:
        ApiError: 400, there are no tools to choose from.
    """
    if choice is None:
        return ToolChoice("auto" if tools else "none")
    if choice != "none" and not tools:
        raise bad_request("tool_choice can only be given together with tools.", "tool_choice")
    return ToolChoice(choice)  # type: ignore[arg-type] # the schema lists the same words


def named_tool_choice(name: str, tools: Sequence[Mapping[str, Any]]) -> ToolChoice:
    """Read a ``tool_choice`` that names a tool.

    Raises:
        ApiError: 400, there is no tool of that name.
    """
    if all(tool["name"] != name for tool in tools):
        raise bad_request(
            f"tool_choice names the tool {name!r}, which is not among tools.", "tool_choice"
        )
    return ToolChoice("named", name)


def check_template(body: Body) -> None:
    """Refuse template options that contradict each other or that only a real engine could run.

    Raises:
        ApiError: 400.
    """
    if body.get("chat_template"):
        raise bad_request("A chat_template of your own is not supported here.", "chat_template")
    if body.get("continue_final_message") and body.get("add_generation_prompt"):
        raise bad_request(
            "continue_final_message and add_generation_prompt cannot both be true.",
            "continue_final_message",
        )


def check_text_only(messages: Sequence[Body], model_name: str) -> None:
    """Refuse image, audio and video parts.

    Raises:
        ApiError: 400.
    """
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and any(part["type"] not in _TEXT_PARTS for part in content):
            raise bad_request(f"{model_name} is not a multimodal model")


def _chat_logprobs(body: Body) -> int | None:
    top = whole_number(body, "top_logprobs") or 0
    if body.get("logprobs"):
        return top
    if top:
        raise bad_request("top_logprobs can only be given when logprobs is true.", "top_logprobs")
    return None


def _thinking(body: Body, model: ServedModel) -> Thinking:
    """Return how the model thinks, unless the request switches thinking off."""
    switches = body.get("chat_template_kwargs") or {}
    wanted = next((switches[name] for name in _THINKING_SWITCHES if name in switches), None)
    effort = body.get("reasoning_effort") or switches.get("reasoning_effort")
    if wanted is False or (wanted is None and effort == "none"):
        return "none"
    return model.thinking
