"""Log probabilities in the forms of each API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensormesh_local.generation import TokenLogprobs
from tensormesh_local.tokenizer import token_bytes, token_string
from tensormesh_local.vocabulary import BOS


def chat_entry(
    token_id: int, found: TokenLogprobs, top: int, *, as_id: bool = False
) -> dict[str, Any]:
    """Return one entry of ``logprobs.content``."""
    entry = _entry(token_id, found.logprob, as_id)
    entry["top_logprobs"] = [_entry(other, logprob, as_id) for other, logprob in found.top[:top]]
    return entry


class TextLogprobs:
    """The parallel lists of log probabilities in text completions.

    Args:
        top: How many of the likeliest tokens to list.
        as_ids: Whether to name tokens by their ids.
    """

    def __init__(self, top: int, *, as_ids: bool) -> None:
        self._top = max(top, 1)
        self._as_ids = as_ids
        self._offset = 0
        self._clear()

    def add(self, token_id: int, text: str, found: TokenLogprobs | None) -> None:
        """Add a token with its visible text. The first token of a prompt has no probability."""
        top = None
        if found:
            listed = found.top[: self._top]
            top = {_token_text(other, self._as_ids): logprob for other, logprob in listed}
        self._lists["tokens"].append(_token_text(token_id, self._as_ids))
        self._lists["token_logprobs"].append(found and found.logprob)
        self._lists["top_logprobs"].append(top)
        self._lists["text_offset"].append(self._offset)
        self._offset += len(text)

    def take(self) -> dict[str, Any]:
        """Return what was added since the last call."""
        taken = self._lists
        self._clear()
        return taken

    def _clear(self) -> None:
        names = ("text_offset", "token_logprobs", "tokens", "top_logprobs")
        self._lists: dict[str, list[Any]] = {name: [] for name in names}


def prompt_logprobs(found: Sequence[TokenLogprobs], top: int) -> list[dict[str, Any] | None]:
    """Return the ``prompt_logprobs`` of a prompt; its first token has none."""
    return [
        None,
        *(
            {
                str(token_id): {
                    "logprob": logprob,
                    "rank": rank,
                    "decoded_token": _token_text(token_id),
                }
                for rank, (token_id, logprob) in enumerate(each.top[: max(top, 1)], start=1)
            }
            for each in found[1:]
        ),
    ]


def _token_text(token_id: int, as_id: bool = False) -> str:
    if as_id:
        return f"token_id:{token_id}"
    if token_id == BOS:
        return token_string(BOS)
    return token_bytes(token_id).decode("utf-8", "replace")


def _entry(token_id: int, logprob: float, as_id: bool) -> dict[str, Any]:
    return {
        "token": _token_text(token_id, as_id),
        "logprob": logprob,
        "bytes": list(token_bytes(token_id)),
    }
