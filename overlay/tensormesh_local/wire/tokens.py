"""Respond to tokenization and detokenization requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensormesh_local.generation import MAX_MODEL_LEN, ServedModel
from tensormesh_local.http.errors import bad_request
from tensormesh_local.tokenizer import UnknownTokenError, decode, encode, token_string
from tensormesh_local.wire.chat_request import render_messages


def tokenize(body: Mapping[str, Any], model: ServedModel) -> dict[str, Any]:
    """Tokenize a prompt, or the messages given instead.

    Raises:
        ApiError: 400, the options contradict each other.
    """
    if body.get("messages"):
        tokens = render_messages(body, model.name)
    else:
        special = bool(body.get("add_special_tokens", True))
        tokens = encode(body["prompt"], add_special_tokens=special)
    names = [token_string(each) for each in tokens] if body.get("return_token_strs") else None
    return {
        "count": len(tokens),
        "max_model_len": MAX_MODEL_LEN,
        "tokens": tokens,
        "token_strs": names,
    }


def detokenize(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text of tokens.

    Raises:
        ApiError: 400, a token is not in the vocabulary.
    """
    try:
        return {"prompt": decode(map(int, body["tokens"]))}
    except UnknownTokenError as error:
        raise bad_request(f"{error}.", "tokens") from error
