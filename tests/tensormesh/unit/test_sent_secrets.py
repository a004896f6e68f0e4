"""What a request held of secrets, and how it is kept from being shown when a server echoes it."""

from __future__ import annotations

import json

from tensormesh._errors.redaction import hide_secrets, sent_secrets


def test_what_a_request_held_is_blotted_out_in_every_form_in_which_json_may_echo_it() -> None:
    secret = 'a/long"secret\\\u00e9'
    content = json.dumps({"items": [{"token": secret, "name": "a plain name"}]}).encode()
    secrets = sent_secrets({"authorization": "Bearer the-api-key"}, content, ("token",))
    forms = [secret, json.dumps(secret, ensure_ascii=False)]
    forms.append(forms[1].replace("/", r"\/"))
    for form in forms:
        shown = hide_secrets(f"<{form}> the-api-key a plain name".encode(), secrets).decode()
        assert shown.replace('"', "") == "<***> *** a plain name"


def test_a_longer_secret_is_blotted_out_whole_though_it_begins_with_another() -> None:
    content = b'{"token": "the-api-key-and-more", "short": "word"}'
    secrets = sent_secrets({"authorization": "Bearer the-api-key"}, content, ("token", "short"))
    assert hide_secrets(b"the-api-key-and-more, the-api-key, word", secrets) == b"***, ***, word"


def test_a_request_without_secrets_has_none() -> None:
    assert sent_secrets({}, None, ()) == ()
    assert sent_secrets({}, b'{"token": "the-token-of-old"}', ()) == ()
    assert sent_secrets({}, b'{"token": 7, "a": null}', ("token", "a")) == ()
