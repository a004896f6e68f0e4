"""`tm infer`: requests to the inference hosts."""

from __future__ import annotations

from tensormesh_cli._click import TmGroup

_HERE = "tensormesh_cli.commands.infer"

infer = TmGroup(
    "infer",
    lazy={
        "chat": (f"{_HERE}.chat", "chat", "Ask a model, or chat with it."),
        "completions": (f"{_HERE}.completions", "completions", "Complete a text prompt."),
        "responses": (f"{_HERE}.responses", "responses", "Send a request to the Responses API."),
        "models": (f"{_HERE}.models", "models", "List the models of a host."),
        "tokenize": (f"{_HERE}.tokenize", "tokenize", "Convert text to tokens."),
        "detokenize": (f"{_HERE}.tokenize", "detokenize", "Convert tokens to text."),
        "health": (f"{_HERE}.models", "health", "Check whether a host is up."),
        "version": (f"{_HERE}.models", "version", "Show the version of a host's engine."),
        "doctor": (
            "tensormesh_cli.commands.doctor",
            "infer_doctor",
            "Check that On-Demand is ready.",
        ),
    },
    help="Send requests to the inference hosts.",
    examples="""
    tm infer chat "Say hello."
    tm infer chat --stream --file request.json
    tm infer models --surface on-demand
    tm infer doctor
    """,
)
