"""Parse chat completion requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tensormesh_local.chat_template import render_chat
from tensormesh_local.generation import ChatTask, Sampling, ServedModel, Thinking, ToolChoice
from tensormesh_local.http.errors import refuse_if
from tensormesh_local.wire import requests
from tensormesh_local.wire.requests import StreamMode

Body = Mapping[str, Any]

_THINKING_SWITCHES: Final = ("enable_thinking", "thinking")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A parsed chat completion request."""

    prompt: list[int]
    task: ChatTask
    sampling: Sampling
    mode: StreamMode
    show_reasoning: bool


def read_chat(body: Body, model: ServedModel) -> ChatRequest:
    """Parse a request that matches the schema.

    Raises:
        ApiError: 400, the request is contradictory or asks for something unsupported.
    """
    prompt = requests.cut_prompt(render_messages(body, model.name), body)
    tools = [tool["function"] for tool in body.get("tools") or ()]
    choice = body.get("tool_choice")
    task = ChatTask(
        messages=body["messages"],
        thinking=_thinking(body, model),
        tools=tools,
        tool_choice=read_tool_choice(
            choice["function"] if isinstance(choice, dict) else choice, tools
        ),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        constraint=requests.read_constraint(body),
        continue_final_message=bool(body.get("continue_final_message")),
    )
    show_reasoning = body.get("include_reasoning") is not False
    sampling = requests.read_sampling(
        body,
        prompt,
        max_tokens=requests.integer(body, "max_completion_tokens", "max_tokens"),
        logprobs=_logprobs(body) if show_reasoning else None,
    )
    return ChatRequest(prompt, task, sampling, requests.read_stream_mode(body), show_reasoning)


def render_messages(body: Body, model_name: str) -> list[int]:
    """Return the prompt tokens of the messages and tools of a request.

    Raises:
        ApiError: 400, the template options contradict each other, or a message has media parts.
    """
    name, message = "chat_template", "Custom chat templates are not supported here."
    refuse_if(body.get(name), message, name)
    name = "continue_final_message"
    both = body.get(name) and body.get("add_generation_prompt")
    refuse_if(both, f"{name} and add_generation_prompt cannot both be true.", name)
    for each in body["messages"]:
        requests.refuse_media(each.get("content"), model_name)
    return render_chat(
        body["messages"],
        body.get("tools") or (),
        add_generation_prompt=body.get("add_generation_prompt", True),
        continue_final_message=bool(body.get("continue_final_message")),
        add_special_tokens=bool(body.get("add_special_tokens")),
    )


def read_tool_choice(
    choice: str | Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> ToolChoice:
    """Parse a ``tool_choice``: a word, or an object with the ``name`` of a tool.

    With tools, the default is ``auto``.

    Raises:
        ApiError: 400, there are no tools, or none with that name.
    """
    if choice is None:
        return ToolChoice("auto" if tools else "none")
    if not isinstance(choice, str):
        name = choice["name"]
        message = f"tool_choice names the tool {name!r}, which is not among tools."
        refuse_if(all(tool["name"] != name for tool in tools), message, "tool_choice")
        return ToolChoice("named", name)
    message = "tool_choice can only be given together with tools."
    refuse_if(choice != "none" and not tools, message, "tool_choice")
    return ToolChoice(choice)  # type: ignore[arg-type] # the schema lists the same words


def _logprobs(body: Body) -> int | None:
    top = requests.integer(body, "top_logprobs") or 0
    if body.get("logprobs"):
        return top
    refuse_if(top, "top_logprobs can only be given when logprobs is true.", "top_logprobs")
    return None


def _thinking(body: Body, model: ServedModel) -> Thinking:
    """Return how the model thinks, unless the request turns thinking off."""
    switches = body.get("chat_template_kwargs") or {}
    wanted = next((switches[name] for name in _THINKING_SWITCHES if name in switches), None)
    effort = body.get("reasoning_effort") or switches.get("reasoning_effort")
    if wanted is False or (wanted is None and effort == "none"):
        return "none"
    return model.thinking
