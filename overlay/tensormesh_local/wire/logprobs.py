"""Log probabilities in the wire's forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_local.builtin.sampling import token_logprobs
from tensormesh_local.tokenizer import token_bytes, token_string
from tensormesh_local.vocabulary import BOS

if TYPE_CHECKING:
    from collections.abc import Sequence


def token_text(token_id: int, *, as_id: bool = False) -> str:
    """Return how a token is named: its text, or ``token_id:N``."""
    if as_id:
        return f"token_id:{token_id}"
    if token_id == BOS:
        return token_string(BOS)
    return token_bytes(token_id).decode("utf-8", "replace")


def chat_entry(
    seed: int, position: int, token_id: int, top: int, *, as_id: bool = False
) -> dict[str, Any]:
    """Return one entry of ``logprobs.content``."""
    found = token_logprobs(seed, position, token_id, top)
    entry = _entry(token_id, found.logprob, as_id)
    entry["top_logprobs"] = [_entry(other, logprob, as_id) for other, logprob in found.top]
    return entry


class TextLogprobs:
    """The parallel lists that completions use for log probabilities.

    Args:
        seed: Seed of the run.
        top: How many likely tokens to list.
        as_ids: Name tokens by their ids.
        first_token_known: The first token begins the prompt, so that it has no probability.
    """

    def __init__(
        self, seed: int, top: int, *, as_ids: bool, first_token_known: bool = False
    ) -> None:
        self._seed = seed
        self._top = top
        self._as_ids = as_ids
        self._skip = first_token_known
        self._position = 0
        self._offset = 0
        self._clear()

    def add(self, token_id: int, text: str) -> None:
        """Add a token and the text that it shows."""
        found = token_logprobs(self._seed, self._position, token_id, max(self._top, 1))
        known = self._skip and self._position == 0
        top = {token_text(other, as_id=self._as_ids): logprob for other, logprob in found.top}
        self._lists["tokens"].append(token_text(token_id, as_id=self._as_ids))
        self._lists["token_logprobs"].append(None if known else found.logprob)
        self._lists["top_logprobs"].append(None if known else top)
        self._lists["text_offset"].append(self._offset)
        self._position += 1
        self._offset += len(text)

    def take(self) -> dict[str, Any]:
        """Return what was added since the last call."""
        taken = self._lists
        self._clear()
        return taken

    def _clear(self) -> None:
        self._lists: dict[str, list[Any]] = {
            "text_offset": [],
            "token_logprobs": [],
            "tokens": [],
            "top_logprobs": [],
        }


def prompt_logprobs(seed: int, prompt: Sequence[int], top: int) -> list[dict[str, Any] | None]:
    """Return the ``prompt_logprobs`` of a prompt; the first token has none."""
    listed: list[dict[str, Any] | None] = [None]
    for position in range(1, len(prompt)):
        found = token_logprobs(seed, position, prompt[position], max(top, 1))
        listed.append(
            {
                str(token_id): {
                    "logprob": logprob,
                    "rank": rank,
                    "decoded_token": token_text(token_id),
                }
                for rank, (token_id, logprob) in enumerate(found.top, start=1)
            }
        )
    return listed


def _entry(token_id: int, logprob: float, as_id: bool) -> dict[str, Any]:
    return {
        "token": token_text(token_id, as_id=as_id),
        "logprob": logprob,
        "bytes": list(token_bytes(token_id)),
    }
