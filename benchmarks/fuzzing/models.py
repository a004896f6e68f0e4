"""Models: data that nearly fits is read and given back unchanged, or refused by name."""

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
    """A model, and data for it in which a few values are others, missing, or new."""
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
    """It comes back as it was, or is refused with the place and without any other exception."""
    name, data = given
    before = json.dumps(data, sort_keys=True)
    try:
        model = decoder(name)(data)
    except InvalidDataError as error:
        told = str(error)
        if not error.where or not told.startswith(error.where):
            raise AssertionError(told) from error
        return
    assert json.dumps(data, sort_keys=True) == before, "reading changed what was read"
    assert isinstance(model, BaseModel)
    repr(model)
    wire = model.to_dict()
    # 2.0 may come back as 2: JSON does not tell them apart.
    assert wire == data, (wire, data)
    assert decoder(name)(wire) == model


def make_chunks(chance: Random) -> list[bytes]:
    """Payloads of a chat stream, most of which repeat the one before but for the text."""
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
    """Each is read as if it stood alone."""
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
