"""Fuzz models: data survives a round trip, or an error names the invalid field."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

from support.model_strategies import MODELS, SCHEMAS, UNIONS, decoder, sample

from tensormesh._chat.repeats import ChatRepeats
from tensormesh._json import loads
from tensormesh._streams.pieces import Pieces
from tensormesh_api._model import BaseModel, InvalidDataError
from tensormesh_api.inference.models import ChatCompletionChunk

from .target import mutate

_ODD: list[Any] = [
    *(None, True, False, 0, -1, 2.0, 1.5, 10**30, 1e308, "", "text", "\ud800", "1", [], [None]),
    *({}, {"": None}, {"type": "new"}, {"__class__": 1, "_extra": {}, "_shape": 2}, [[]], [{}]),
]
_TEXTS = ["a", " b", "", '"', "\\", "\n", "\u2028", "\xe9", "\U0001f914", '","x":"', "}", "\x7f"]
Data = tuple[str, Any]


@cache
def _sample_text(name: str, full: bool) -> str:
    if name in UNIONS:
        name = SCHEMAS[name]["oneOf"][0]["$ref"].rpartition("/")[2]
    return json.dumps(sample(name, full=full))


_NAMES = [*MODELS, *UNIONS]


def make_data(chance: Random) -> Data:
    """Pick a model and make data for it, with a few values changed, missing or added."""
    name = chance.choice(_NAMES)
    data = json.loads(_sample_text(name, chance.random() < 0.5))
    for _ in range(chance.randrange(4)):
        data = _changed(chance, data)
    return name, data


def _changed(chance: Random, value: Any) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice([*value, "x_new"])
        if chance.random() < 0.1:
            value.pop(key, None)
        else:
            value[key] = _changed(chance, value.get(key))
        return value
    if isinstance(value, list) and value and chance.random() < 0.7:
        index = chance.randrange(len(value))
        value[index] = _changed(chance, value[index])
        return value
    return json.loads(json.dumps(chance.choice(_ODD)))


def check_data(given: Data) -> None:
    """Check the round trip, or that the only exception names the field."""
    name, data = given
    before = json.dumps(data, sort_keys=True)
    try:
        model = decoder(name)(data)
    except InvalidDataError as error:
        if not error.where or not str(error).startswith(error.where):
            raise AssertionError(str(error)) from error
        return
    assert json.dumps(data, sort_keys=True) == before, "decoding changed its input"
    assert isinstance(model, BaseModel)
    repr(model)
    wire = model.to_dict()
    # 2.0 may become 2, which is the same JSON number.
    assert wire == data, (wire, data)
    assert decoder(name)(wire) == model


def make_chunks(chance: Random) -> list[bytes]:
    """Make payloads of a chat stream. Most differ from the one before in the text only."""
    delta: dict[str, Any] = {chance.choice(("content", "reasoning", "role", "extra")): "?"}
    if chance.random() < 0.3:
        delta[chance.choice(("content", "reasoning", "reasoning_content", "name"))] = "?"
    chunk: dict[str, Any] = {"id": "a", "choices": [{"index": 0, "delta": delta}]}
    if chance.random() < 0.3:
        chunk[chance.choice(("content", "usage", "more"))] = chance.choice(_ODD)
    payloads = []
    for _ in range(chance.randrange(1, 6)):
        for key in delta:
            delta[key] = chance.choice(_TEXTS)
        text = json.dumps(chunk, separators=(",", ":"), ensure_ascii=chance.random() < 0.2)
        payload = text.encode("utf-8", "surrogatepass")
        payloads.append(mutate(chance, payload) if chance.random() < 0.2 else payload)
    return payloads


def check_chunks(payloads: list[bytes]) -> None:
    """Check that repeated chunks are decoded like a single one."""
    repeats = ChatRepeats(lambda *_: Pieces())
    for payload in payloads:
        found = repeats.take(payload)
        try:
            alone = ChatCompletionChunk.from_dict(loads(payload))
        except ValueError:
            assert found is None, payload
            continue
        if found is None:
            repeats.learn(payload, alone)
        else:
            pattern, text = found
            assert repr(pattern.chunk(text).to_dict()) == repr(alone.to_dict())
