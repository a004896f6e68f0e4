"""`tm infer chat`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import Expected, Payload, kind_of, refuse, request_object
from tensormesh_cli.commands.infer.generation import (
    CUT_OFF,
    Generation,
    Streaming,
    generate,
    joined,
    json_lines,
)
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import Given, generating_options, nothing_given
from tensormesh_cli.output import Column
from tensormesh_cli.session.conversation import Conversation

if TYPE_CHECKING:
    from tensormesh.types import ChatCompletion
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.output import Result, Stream

EXPECTED = Expected(
    example='{"messages":[{"role":"user","content":"Hi"}]}',
    array='[{"role":"user","content":"Hi"}]',
)

EXAMPLES = """
tm infer chat "Say hello."
tm infer chat
tm infer chat --json '[{"role":"user","content":"Say hello."}]'
tm infer chat --model @latest --file request.json
tm infer chat --surface serverless --model openai/gpt-oss-20b "Say hello."
echo '[{"role":"user","content":"Count."}]' | tm infer chat --stream
git diff | tm infer chat --system "Write a commit message." -
"""


@command("chat", examples=EXAMPLES)
@generating_options(
    ON_DEMAND,
    EXPECTED,
    "The user message; - reads it from standard input.",
    click.option("--system", metavar="TEXT", help="System message."),
)
def chat(given: Given) -> Result | Stream | None:
    """Ask a model: with a prompt, or with a conversation as JSON.

    The JSON is a request object or an array of messages, from --json, --file or a pipe. Options
    override its fields. Without input, on a terminal, an interactive session starts.
    """
    host, system = given.host, given.fields.pop("system", None)
    if given.value is None:
        if not (sys.stdin is not None and sys.stdin.isatty() and host.app.emitter.can_converse):
            raise nothing_given(EXPECTED)
        model = host.model(given.model)
        conversation = Conversation(model, system=system, fields=given.fields)
        _converse(host, conversation, given.streaming)
        return None
    if isinstance(given.value, str):
        body: dict[str, Any] = {"messages": [{"role": "user", "content": given.value}]}
    else:
        body = chat_request(given.value, EXPECTED)
    if system is not None:
        body["messages"] = _with_system(body["messages"], system)
    return generate(host, CHAT, given.complete(body), given.streaming)


def _converse(host: Host, conversation: Conversation, streaming: Streaming) -> None:
    from tensormesh_cli.session.lines import open_reader
    from tensormesh_cli.session.loop import Session

    # Report a wrong setting before the first question.
    _ = host.client
    Session(host, CHAT, conversation, open_reader(host.app), streaming).run()


def chat_request(payload: Payload, expected: Expected) -> dict[str, Any]:
    """Return the request object of a chat, also for an array of messages.

    Raises:
        UsageFault: The payload is neither, or `messages` contains invalid entries.
    """
    if isinstance(payload.value, list):
        body: dict[str, Any] = {"messages": payload.value}
    else:
        body = request_object(payload, expected)
    messages = body.get("messages")
    if messages is None:
        refuse(payload.where, "has no `messages`", expected)
    if not isinstance(messages, list):
        refuse(payload.where, f"has {kind_of(messages)} as `messages`", expected)
    if not messages:
        refuse(payload.where, "contains no messages", expected)
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            problem = f"is {kind_of(message)}, not an object"
        elif not isinstance(message.get("role"), str):
            problem = "has no `role`"
        else:
            continue
        raise UsageFault(
            f"{payload.where}: message {number} {problem}",
            hint='each message is an object such as {"role":"user","content":"Hi"}',
        )
    return body


def _with_system(messages: list[dict[str, Any]], system: str) -> list[dict[str, Any]]:
    """Return the messages with these instructions first, instead of others."""
    rest = messages[1:] if messages[0]["role"] == "system" else messages
    return [{"role": "system", "content": system}, *rest]


def _text(completion: ChatCompletion) -> str:
    """Return the texts of all choices, each followed by its tool calls as lines of JSON."""
    blocks = (
        joined([choice.message.content or "", *json_lines(choice.message.tool_calls or [])], "\n")
        for choice in completion.choices
    )
    return joined(blocks, "\n\n")


def _calls(completion: ChatCompletion) -> str:
    """Return the tool calls of the first choice, as lines of JSON."""
    for choice in completion.choices:
        if not choice.index:
            return "\n".join(json_lines(choice.message.tool_calls or []))
    return ""


def _note(completion: ChatCompletion) -> str | None:
    if any(choice.finish_reason == "length" for choice in completion.choices):
        return CUT_OFF
    for choice in completion.choices:
        message = choice.message
        if not message.content and not message.tool_calls and message.reasoning:
            return "Note: the response contains only reasoning; --output json shows it."
    return None


def _call_names(choice: dict[str, Any]) -> str:
    calls = (choice.get("message") or {}).get("tool_calls") or []
    return ", ".join(str((call.get("function") or {}).get("name")) for call in calls)


CHAT = Generation(
    resource=lambda namespaces: namespaces.chat.completions,
    required=("model", "messages"),
    text=_text,
    extras=_calls,
    rows="choices",
    columns=(
        Column("INDEX", "index", align="right"),
        Column("FINISH REASON", "finish_reason"),
        Column("CONTENT", lambda choice: (choice.get("message") or {}).get("content")),
        Column("TOOL CALLS", _call_names),
    ),
    note=_note,
)
