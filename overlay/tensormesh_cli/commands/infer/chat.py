"""`tm infer chat`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import (
    body_options,
    given_fields,
    host_options,
    model_option,
    nothing_given,
    read_input,
    sampling_options,
    stream_options,
    usage_option,
)
from tensormesh_cli.commands.infer.payload import Expected, chat_request
from tensormesh_cli.commands.infer.printing import Manner

if TYPE_CHECKING:
    from tensormesh_cli.commands.infer.host import Host

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
@click.argument(
    "prompt",
    required=False,
    cls=Argument,
    help="What the user says; - reads it from standard input.",
)
@host_options(ON_DEMAND)
@model_option
@body_options
@click.option("--system", metavar="TEXT", help="Instructions, as the first message.")
@sampling_options
@stream_options
@usage_option
def chat(
    host: Host,
    prompt: str | None,
    model: str | None,
    inline: str | None,
    file: str | None,
    system: str | None,
    stream: bool,
    stream_idle_timeout: float,
    usage: bool,
    **sampling: Any,
) -> None:
    """Ask a model, by a prompt or a whole conversation.

    A conversation is JSON: a request
    object or its messages array alone, by --json, --file or a pipe. Options win over what the
    object says. With nothing given, on a terminal, a session begins.
    """
    given = read_input(prompt, inline, file, EXPECTED)
    fields = given_fields(**sampling)
    manner = Manner(stream, stream_idle_timeout, usage)
    if given is None:
        if not _is_conversation_possible(host):
            raise nothing_given(EXPECTED)
        from tensormesh_cli.session import run_session

        run_session(host, model=model, system=system, manner=manner, fields=fields)
        return
    if isinstance(given, str):
        body: dict[str, Any] = {"messages": [{"role": "user", "content": given}]}
    else:
        body = chat_request(given, EXPECTED)
    if system is not None:
        body["messages"] = _with_system(body["messages"], system)
    body.update(fields)
    body["model"] = host.model(model or body.get("model"))

    from tensormesh_cli.commands.infer.generations import CHAT
    from tensormesh_cli.commands.infer.request import generate

    generate(host, CHAT, body, manner)


def _with_system(messages: list[dict[str, Any]], system: str) -> list[dict[str, Any]]:
    """The messages with these instructions first, in the place of others."""
    rest = messages[1:] if messages[0]["role"] == "system" else messages
    return [{"role": "system", "content": system}, *rest]


def _is_conversation_possible(host: Host) -> bool:
    """Whether a person sits at both ends, and nothing asks for a machine's output."""
    ends = (sys.stdin, sys.stdout)
    on_terminal = all(end is not None and end.isatty() for end in ends)
    return on_terminal and host.app.options.output == "text"
