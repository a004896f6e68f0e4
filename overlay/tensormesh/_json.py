"""JSON in and out.

Reading is lenient: what servers really send is understood, even where it is not strict JSON.
Writing is strict: what the server could not read is refused, with the place in the body named.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


# The lenient reading makes one string of the whole text, next to the bytes.
_MAX_LENIENT_BYTES = 32 * 1024 * 1024


def loads(data: bytes) -> Any:
    """Decode one JSON text.

    Integers of any size stay exact. Beyond strict JSON, these are understood: a byte order mark,
    lone surrogate escapes (kept as they are), numbers beyond a float's range (infinite),
    ``NaN``, ``Infinity`` and ``-Infinity``.

    Raises:
        ValueError: the text is not JSON. The message is the reason, and does not quote the text.
    """
    try:
        return _decode(data)
    except Exception as error:
        # Rare, and slower by far: what the strict decoder refuses gets a second, lenient reading.
        if len(data) <= _MAX_LENIENT_BYTES:
            return _loads_leniently(data)
        reason = str(error)
    raise ValueError(reason)


def dumps(value: Any) -> bytes:
    """Encode a request body as compact UTF-8 JSON.

    Besides the plain JSON types, a body may hold any ``Mapping`` (an object), any other
    ``Sequence`` but bytes (an array), and objects that have ``to_dict()``.

    Raises:
        TypeError: a value or an object's key has a type that JSON does not have.
        ValueError: a float is not finite, a text holds a lone surrogate, or the body refers to
            itself or is nested too deeply. Both messages begin with the place, such as
            ``messages[0].content``.
    """
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        offence = _find_offence(value)
        if offence is None and isinstance(error, RecursionError):
            offence = ValueError("body: nested too deeply to be sent as JSON")
        if offence is None:
            raise
        raise offence from None


def _decode_first(data: bytes) -> Any:
    """Load the fast decoder when it is first needed, and put it in this function's place."""
    global _decode
    import msgspec

    _decode = msgspec.json.Decoder().decode
    return _decode(data)


def _encode_first(value: Any) -> str:
    """Load the encoder when it is first needed, and put it in this function's place."""
    global _encode
    import json

    # Not msgspec's: it would write NaN as null without a word.
    _encode = json.JSONEncoder(
        allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain
    ).encode
    return _encode(value)


_decode: Callable[[bytes], Any] = _decode_first
_encode: Callable[[Any], str] = _encode_first


def _loads_leniently(data: bytes) -> Any:
    import json

    if not data:
        raise ValueError("the text is empty")
    try:
        return json.loads(data)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = str(error)
    # Raised here and not above: the library's error would keep the whole text alive.
    raise ValueError(reason)


def _plain(value: Any) -> Any:
    """Turn one value that JSON does not know into one that it does."""
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None and not isinstance(value, type):
        return to_dict()
    from collections.abc import Mapping, Sequence

    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError(f"object of type {type(value).__name__} cannot be sent as JSON")


# Deeper than a body ever is; the search stops here rather than follow a chain without end.
_DEEPEST = 5_000


def _find_offence(body: Any) -> TypeError | ValueError | None:
    """Find the first value that cannot be sent. Slow; runs only after encoding has failed."""
    # Each level: an object that is being looked through, and an iterator over what it holds.
    levels: list[tuple[Any, Iterator[tuple[str, Any]]]] = [(None, iter([("", body)]))]
    around: set[int] = set()  # ids of the objects in `levels`
    while levels:
        parent, members = levels[-1]
        path, value = next(members, (None, None))
        if path is None:
            levels.pop()
            around.discard(id(parent))
            continue
        offence = _offence_of(value, path or "body", around)
        if offence is not None:
            return offence
        if len(levels) < _DEEPEST:
            levels.append((value, _members(path, value)))
            around.add(id(value))
    return None


def _offence_of(value: Any, where: str, around: set[int]) -> TypeError | ValueError | None:
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, str):
        problem = _surrogate_in(value)
        return ValueError(f"{where}: {problem}") if problem else None
    if isinstance(value, float):
        finite = value - value == 0
        return None if finite else ValueError(f"{where}: float {value} is not allowed in JSON")
    if id(value) in around:
        return ValueError(f"{where}: circular reference to an object that contains it")
    if isinstance(value, dict):
        return _offence_of_keys(value, where)
    if isinstance(value, (list, tuple)):
        return None
    try:
        _plain(value)
    except TypeError as error:
        return TypeError(f"{where}: {error}")
    return None


def _offence_of_keys(value: dict[Any, Any], where: str) -> TypeError | ValueError | None:
    for key in value:
        if isinstance(key, str):
            problem = _surrogate_in(key)
            if problem:
                return ValueError(f"{where}: in the key {key!a}: {problem}")
        elif isinstance(key, float):
            if key - key != 0:
                return ValueError(f"{where}: float {key} is not allowed as a key in JSON")
        elif key is not None and not isinstance(key, int):
            return TypeError(f"{where}: a key of type {type(key).__name__} cannot be sent as JSON")
    return None


def _surrogate_in(text: str) -> str | None:
    for index, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            return f"lone surrogate U+{ord(character):04X} at index {index} is not valid text"
    return None


def _members(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield _member_path(path, key), member
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield f"{path}[{index}]", member
    elif value is not None and not isinstance(value, (str, int, float)):
        yield path, _plain(value)


def _member_path(path: str, key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{key!a}]"
