"""YAML in, plain data out, and the line of every value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import SpecError

Pointer = tuple[str | int, ...]

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Deeper nesting than this is no spec, and would overflow the stack of the YAML library.
_MAX_DEPTH = 100

# YAML's own scalar types that JSON has too. A date stays the text that was written.
_SCALARS = {
    "tag:yaml.org,2002:null",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:str",
}


@dataclass
class Document:
    """One spec file.

    Attributes:
        name: File name alone, which is what other specs write before `#` in a `$ref`.
        label: Path for messages.
        data: The document as plain JSON values.
        lines: Line, counted from 1, of the value at each pointer.
    """

    name: str
    label: str
    data: dict[str, Any]
    lines: dict[Pointer, int] = field(default_factory=dict)

    def line(self, pointer: Pointer) -> int:
        """The line of a value, or of its nearest enclosing value that was written down."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, 1)

    def error(self, pointer: Pointer, problem: str) -> SpecError:
        """A problem with the value at `pointer`."""
        return SpecError(self.label, self.line(pointer), problem)


def load_document(path: Path, label: str | None = None) -> Document:
    """Read one spec file.

    Raises:
        SpecError: Not readable, not UTF-8, not YAML, a duplicate key, an alias, not a mapping,
            a number that JSON does not have, nested too deeply.
    """
    label = label or path.as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(label, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(label, 1, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    return parse_document(text, name=path.name, label=label)


def parse_document(text: str, *, name: str, label: str) -> Document:
    """The same for text in hand."""
    document = Document(name=name, label=label, data={})
    try:
        _check_events(text, document)
        data = _read(text, document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SpecError(label, line, f"YAML syntax: {error.problem}: mend the line") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        problem = f"holds a character that YAML does not allow ({error.reason}): remove it"
        raise SpecError(label, line, problem) from None
    if not isinstance(data, dict):
        raise SpecError(label, 1, "is not a mapping: write an OpenAPI 3.1 document")
    document.data = data
    return document


def _check_events(text: str, document: Document) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            problem = f"YAML alias *{event.anchor}: use `$ref`, or write it out"
            raise SpecError(document.label, line, problem)
        if depth > _MAX_DEPTH:
            problem = f"is nested more than {_MAX_DEPTH} deep: write less deeply"
            raise SpecError(document.label, line, problem)


def _read(text: str, document: Document) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise SpecError(document.label, 1, "is empty: write an OpenAPI 3.1 document")
        return _construct(loader, node, (), document)
    finally:
        loader.dispose()


def _construct(loader: Any, node: yaml.Node, pointer: Pointer, document: Document) -> Any:
    line = node.start_mark.line + 1
    document.lines.setdefault(pointer, line)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(loader, item, (*pointer, index), document)
            for index, item in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(loader, node, pointer, document)
    if node.tag not in _SCALARS:
        return node.value
    try:
        value = loader.construct_object(node)
    except (ValueError, KeyError):
        problem = f"{node.value!r} is no {node.tag.rpartition(':')[2]}: mend the value or its tag"
        raise SpecError(document.label, line, problem) from None
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        raise SpecError(document.label, line, f"{node.value} is not a JSON number: write another")
    return value


def _construct_mapping(
    loader: Any, node: yaml.MappingNode, pointer: Pointer, document: Document
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SpecError(document.label, line, "a key is no plain string: write one")
        # A key is text, also where YAML would read a number or a boolean (`200:`, `on:`).
        key = key_node.value
        if key in result:
            first = document.lines[(*pointer, key)]
            problem = f"duplicate key {key!r}, first on line {first}: remove one of the two"
            raise SpecError(document.label, line, problem)
        document.lines[(*pointer, key)] = line
        result[key] = _construct(loader, value_node, (*pointer, key), document)
    return result
