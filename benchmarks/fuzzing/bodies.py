"""Fuzz JSON and error bodies: any bytes result in a printable message."""

from __future__ import annotations

import json
from random import Random

from tensormesh._errors.body import MAX_MESSAGE_CHARACTERS, read_error_body
from tensormesh._json import loads

from .target import mutate, pick

_SAMPLES = [
    *(b"", b" ", b"null", b"0", b'"boom"', b"[]", b"{}", b'{"error":{}}', b'{"error":""}'),
    b'{"error":{"message":"boom","type":"BadRequestError","param":"n","code":400}}',
    b'{"error":"invalid_grant","error_description":"no"}',
    b'{"error":"boom","message":["x"]}',
    b'{"detail":"Not Found"}',
    b'{"detail":[{"loc":["body","n"],"msg":"field required","type":"x"},null,[1]]}',
    b'{"detail":{"code":true,"message":null,"msg":"m"}}',
    b'{"code":5,"message":"not found","details":[{"@type":"x","reason":"y"}]}',
    b'{"message":"\\u001b[31m\\ud800\\u202e\\u0000 \\r\\n"}',
    b"<!DOCTYPE html><html><head><title>502 &lt;Bad&gt; \x1b</title></head>",
    *(b"<title></title", "<html><title>\u0130</TITLE>".encode(), b"upstream \xff\xfe failed"),
    *(b"[" * 3000, b'{"error":' * 1500, b"-Infinity", b"NaN", b"1e999", b"1" * 5000),
    *(b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\x00", b'{"a":1,"a":2}', b"x" * 3000),
]
_TYPES = ["application/json", "text/html; charset=utf-8", "text/plain", "", "\xff"]
Body = tuple[bytes, str]


def make_body(chance: Random) -> Body:
    """Make a body, often damaged, and its content type."""
    if chance.random() < 0.1:
        content = chance.randbytes(chance.randrange(40))
    else:
        content = mutate(chance, b"".join(pick(chance, _SAMPLES, 1)) or chance.choice(_SAMPLES))
    return content, chance.choice(_TYPES)


def check_error_body(given: Body) -> None:
    """Check that the message is short and contains no control characters."""
    content, content_type = given
    found = read_error_body(content, content_type)
    assert len(found.message) <= 2 * MAX_MESSAGE_CHARACTERS + 100
    control = [c for c in found.message if c not in "\n\t" and (c < " " or "\x7f" <= c <= "\x9f")]
    assert not control, control
    found.message.encode()  # fails for lone surrogates
    assert found.code is None or type(found.code) in (int, str)
    assert all(label is None or type(label) is str for label in (found.type, found.param))


def check_json(given: Body) -> None:
    """Check that the result is that of `json`, or a `ValueError` if `json` fails, too."""
    content = given[0]
    try:
        expected = json.dumps(json.loads(content))
    except (ValueError, RecursionError):
        expected = None
    try:
        found = json.dumps(loads(content))
    except ValueError:
        found = None
    assert found == expected, (found, expected)
