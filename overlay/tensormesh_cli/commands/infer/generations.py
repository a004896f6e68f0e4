"""The kinds of generating requests."""

from __future__ import annotations

from tensormesh_cli.commands.infer import answers
from tensormesh_cli.commands.infer.request import Generation

CHAT = Generation(
    resource=lambda namespaces: namespaces.chat.completions,
    required=("model", "messages"),
    text=answers.chat_text,
    extras=answers.chat_calls,
    table=answers.chat_table,
    note=answers.chat_note,
    usage_on_request=True,
)

COMPLETION = Generation(
    resource=lambda namespaces: namespaces.completions,
    required=("model", "prompt"),
    text=answers.completion_text,
    extras=lambda _: "",
    table=answers.completion_table,
    note=answers.completion_note,
    usage_on_request=True,
)

RESPONSE = Generation(
    resource=lambda namespaces: namespaces.responses,
    required=("model", "input"),
    text=answers.response_text,
    extras=answers.response_calls,
    table=answers.response_table,
    note=answers.response_note,
    usage_on_request=False,
)
