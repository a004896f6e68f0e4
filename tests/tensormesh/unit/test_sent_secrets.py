"""What a request held of secrets, and how it is kept from being shown when a server echoes it."""

from __future__ import annotations

import json
from urllib.parse import quote

from tensormesh._errors.redaction import hide_secrets, sent_secrets


def test_secrets_are_masked_however_a_server_escapes_them() -> None:
    secret = 'a/long"secret\\\u00e9'
    content = json.dumps({"items": [{"token": secret, "name": "a plain name"}]}).encode()
    secrets = sent_secrets({"authorization": "Bearer the-api-key"}, content, ("token",))
    forms = [secret, json.dumps(secret, ensure_ascii=False)]
    forms.append(forms[1].replace("/", r"\/"))
    forms.append(json.dumps(secret).replace("g", r"\u0067").replace("/", r"\u002F"))
    forms += [quote(secret), quote(secret, safe=""), quote(secret, safe="").lower()]
    for form in forms:
        shown = hide_secrets(f"<{form}> the-api-key a plain name".encode(), secrets).decode()
        assert shown.replace('"', "") == "<***> *** a plain name"
        assert hide_secrets(f"a {form}", secrets).strip('"') in ("a ***", 'a "***')


def test_a_longer_secret_is_blotted_out_whole_though_it_begins_with_another() -> None:
    content = b'{"token": "the-api-key-and-more", "short": "word"}'
    secrets = sent_secrets({"authorization": "Bearer the-api-key"}, content, ("token", "short"))
    assert hide_secrets(b"the-api-key-and-more, the-api-key, word", secrets) == b"***, ***, word"


def test_a_request_without_secrets_has_none() -> None:
    assert sent_secrets({}, None, ()) == ()
    assert sent_secrets({}, b'{"token": "the-token-of-old"}', ()) == ()
    assert sent_secrets({}, b'{"token": 7, "a": null}', ("token", "a")) == ()
