"""Credentials that a server gives are there to be used, and not to be shown."""

from __future__ import annotations

import inspect

from support.cases import for_each

import tensormesh.types
from tensormesh.types import ApiKey, BaseModel, ExchangeCliLoginResponse

CANARY = "ak-canary-4711"


def credentials() -> list[tuple[type[BaseModel], str]]:
    models = [getattr(tensormesh.types, name) for name in tensormesh.types.__all__]
    return [
        (model, name)
        for model in models
        if inspect.isclass(model) and issubclass(model, BaseModel)
        for name in model._secrets
    ]


@for_each(("model", "name"), credentials(), ids=[f"{m.__name__}.{n}" for m, n in credentials()])
def test_repr_of_a_model_does_not_show_a_credential(model: type[BaseModel], name: str) -> None:
    thing = model.__new__(model)
    for attribute in inspect.signature(model).parameters:
        setattr(thing, attribute, None)
    thing._extra = thing._shape = None
    setattr(thing, name, CANARY)
    assert f"{name}='***'" in repr(thing)
    assert CANARY not in repr(thing)
    assert CANARY not in str([thing])


def test_keys_and_tokens_are_among_the_credentials() -> None:
    names = {f"{model.__name__}.{name}" for model, name in credentials()}
    assert {"ApiKey.secret", "User.api_key", "ExchangeCliLoginResponse.access_token"} <= names
    assert ExchangeCliLoginResponse._secrets == ("access_token", "refresh_token")


def test_a_credential_can_be_read_and_sent_on() -> None:
    key = ApiKey.from_dict({"id": "key_1", "secret": CANARY})
    assert key.secret == CANARY
    assert key.to_dict() == {"id": "key_1", "secret": CANARY}
    assert repr(key) == "ApiKey(id='key_1', secret='***')"
