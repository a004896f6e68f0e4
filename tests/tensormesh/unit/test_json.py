"""JSON texts as servers send them, and request bodies as users build them."""

from __future__ import annotations

import json
import math
from collections import OrderedDict, UserDict, deque
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._json import dumps, loads

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # without lone surrogates, as texts are
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class TestLoads:
    @given(json_values)
    def test_reads_what_the_standard_library_writes(self, value: Any) -> None:
        read = loads(json.dumps(value).encode())
        assert read == value
        assert json.dumps(read) == json.dumps(value)  # 1 is not 1.0, and -0.0 is not 0.0

    @settings(max_examples=500)
    @given(st.lists(st.sampled_from([*'{}[]",:\\ntfu0189.eE+- \n', "\\ud800", "\\udc00", "null"])))
    def test_agrees_with_the_standard_library_on_any_text(self, parts: list[str]) -> None:
        data = "".join(parts).encode()
        try:
            expected = json.loads(data)
        except ValueError:
            with pytest.raises(ValueError, match=r".+"):
                loads(data)
        else:
            assert json.dumps(loads(data)) == json.dumps(expected)

    @given(st.binary())
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            loads(data)
        except ValueError as error:
            assert 0 < len(str(error)) < 200  # noqa: PT017

    @for_each("number", [2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**100, -(10**1000)])
    def test_integers_stay_exact(self, number: int) -> None:
        assert loads(b'{"n":%d}' % number) == {"n": number}

    @for_each(
        ("data", "expected"),
        [
            (b"\xef\xbb\xbf[1]", [1]),
            (rb'["\ud800"]', ["\ud800"]),
            (rb'["a\udfffb"]', ["a\udfffb"]),
            (rb'["\ud83d\ude00"]', ["\U0001f600"]),
            (b"[1e400, -1e400]", [math.inf, -math.inf]),
            (b"[Infinity, -Infinity]", [math.inf, -math.inf]),
            (b' {"a": 1} \n', {"a": 1}),
            (b'{"a": 1, "a": 2}', {"a": 2}),
            (rb'"\u0000"', "\0"),
        ],
    )
    def test_understands_what_servers_really_send(self, data: bytes, expected: Any) -> None:
        assert loads(data) == expected

    def test_understands_nan(self) -> None:
        assert math.isnan(loads(b'{"x": NaN}')["x"])

    @for_each(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b"<html>secret</html>", "Expecting value"),
            (b'{"a": 1', "Expecting"),
            (b"[1] secret", "Extra data"),
            (b'"\xff"', "invalid start byte"),
            (b"[" * 100_000, "nested too deeply"),
            (b"1" * 10_000, "Exceeds the limit"),
        ],
    )
    def test_what_is_not_json_is_refused_with_a_short_reason(
        self, data: bytes, reason: str
    ) -> None:
        with pytest.raises(ValueError, match=reason) as caught:
            loads(data)
        message = str(caught.value)
        assert len(message) < 200
        assert "secret" not in message
        assert not hasattr(caught.value, "doc"), "the error must not keep the text alive"


class Colour(Enum):
    RED = "red"


class StringColour(StrEnum):
    RED = "red"


class Model:
    def __init__(self, content: Any) -> None:
        self.content = content

    def to_dict(self) -> dict[str, Any]:
        return {"content": self.content}


class Endless:
    def to_dict(self) -> Endless:
        return Endless()


def loop() -> list[Any]:
    inner: list[Any] = []
    inner.append({"again": inner})
    return inner


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class TestDumps:
    @given(json_values)
    def test_what_is_written_reads_back(self, value: Any) -> None:
        assert json.loads(dumps(value)) == value
        assert loads(dumps(value)) == value

    def test_is_compact_and_in_utf8(self) -> None:
        assert dumps({"a": [1, 2.5, None, True], "é": "日本"}) == (
            '{"a":[1,2.5,null,true],"é":"日本"}'.encode()
        )

    @for_each(
        ("value", "expected"),
        [
            ((1, (2,)), b"[1,[2]]"),
            (MappingProxyType({"a": 1}), b'{"a":1}'),
            (UserDict(a=OrderedDict(b=1)), b'{"a":{"b":1}}'),
            (deque([1, 2]), b"[1,2]"),
            (range(3), b"[0,1,2]"),
            (Model([Model("x")]), b'{"content":[{"content":"x"}]}'),
            (StringColour.RED, b'"red"'),
            ({50256: -100, True: 1, None: 2}, b'{"50256":-100,"true":1,"null":2}'),
            (10**100, b"1" + b"0" * 100),
        ],
    )
    def test_takes_what_stands_for_json_values(self, value: Any, expected: bytes) -> None:
        assert dumps(value) == expected

    @for_each(
        ("body", "error", "message"),
        [
            (
                {"messages": [{"content": math.nan}]},
                ValueError,
                "messages[0].content: float nan is not allowed in JSON",
            ),
            ([1.0, -math.inf], ValueError, "[1]: float -inf is not allowed in JSON"),
            (
                {"tools": [{1, 2}]},
                TypeError,
                "tools[0]: object of type set cannot be sent as JSON",
            ),
            ({"a": {"b c": [b"x"]}}, TypeError, "a['b c'][0]: object of type bytes cannot"),
            ({"a": Decimal(1)}, TypeError, "a: object of type Decimal cannot"),
            ({"a": date(2026, 1, 1)}, TypeError, "a: object of type date cannot"),
            ({"a": Colour.RED}, TypeError, "a: object of type Colour cannot"),
            ({"a": Model}, TypeError, "a: object of type type cannot"),
            (
                {"messages": (Model({"x": object()}),)},
                TypeError,
                "messages[0].content.x: object of type object cannot",
            ),
            ({"a": {1: {2}, None: 3}}, TypeError, "a[1]: object of type set cannot"),
            ({"a": deque([1, {2}])}, TypeError, "a[1]: object of type set cannot"),
            (math.inf, ValueError, "body: float inf is not allowed in JSON"),
            ({"a": {(1, 2): 3}}, TypeError, "a: a key of type tuple cannot be sent as JSON"),
            ({math.nan: 3}, ValueError, "body: float nan is not allowed as a key in JSON"),
            (
                {"a": ["ok", "x\ud800y"]},
                ValueError,
                "a[1]: lone surrogate U+D800 at index 1 is not valid text",
            ),
            ({"a": {"\udfff": 1}}, ValueError, r"a: in the key '\udfff': lone surrogate U+DFFF"),
            ({"a": loop()}, ValueError, "a[0].again: circular reference to an object"),
            ({"a": nested(100_000)}, ValueError, "body: nested too deeply to be sent as JSON"),
            ({"a": Endless()}, ValueError, "body: nested too deeply to be sent as JSON"),
        ],
    )
    def test_what_cannot_be_sent_is_named_with_its_place(
        self, body: Any, error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error) as caught:
            dumps(body)
        assert str(caught.value).startswith(message)

    def test_the_same_object_twice_is_no_circle(self) -> None:
        shared = {"x": 1}
        assert dumps([shared, shared, Model(shared)]) == (b'[{"x":1},{"x":1},{"content":{"x":1}}]')

    def test_an_error_of_to_dict_itself_comes_through(self) -> None:
        class Broken:
            def to_dict(self) -> dict[str, Any]:
                raise LookupError("own trouble")

        with pytest.raises(LookupError, match="own trouble"):
            dumps({"a": Broken()})
