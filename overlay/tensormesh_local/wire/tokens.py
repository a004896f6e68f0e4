"""Tokenization and detokenization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_local.builtin.catalog import MAX_MODEL_LEN
from tensormesh_local.builtin.template import render_chat
from tensormesh_local.http.errors import bad_request
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.tokenizer import UnknownTokenError, decode, encode, token_string
from tensormesh_local.wire.chat_request import check_template, check_text_only

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tensormesh_local.builtin.catalog import ServedModel


def create_tokenization(body: Mapping[str, Any], model: ServedModel) -> JsonResponse:
    """Tokenize a prompt, or the conversation given in its place.

    Raises:
        ApiError: 400, the options contradict each other.
    """
    messages = body.get("messages")
    if messages:
        check_template(body)
        check_text_only(messages, model.name)
        tokens = render_chat(
            messages,
            body.get("tools") or (),
            add_generation_prompt=body.get("add_generation_prompt", True),
            continue_final_message=bool(body.get("continue_final_message")),
            add_special_tokens=bool(body.get("add_special_tokens", False)),
        )
    else:
        tokens = encode(
            body["prompt"], add_special_tokens=bool(body.get("add_special_tokens", True))
        )
    names = (
        [token_string(token_id) for token_id in tokens] if body.get("return_token_strs") else None
    )
    return JsonResponse(
        {
            "count": len(tokens),
            "max_model_len": MAX_MODEL_LEN,
            "tokens": tokens,
            "token_strs": names,
        }
    )


def create_detokenization(body: Mapping[str, Any]) -> JsonResponse:
    """Return the text of tokens.

    Raises:
        ApiError: 400, a token is not in the vocabulary.
    """
    try:
        return JsonResponse({"prompt": decode(map(int, body["tokens"]))})
    except UnknownTokenError as error:
        raise bad_request(f"{error}.", "tokens") from error
