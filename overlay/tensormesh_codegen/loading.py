"""YAML files as plain data, with the line of every value."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from .errors import SpecError

Pointer = tuple[str | int, ...]

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Deeper nesting would overflow the stack of the YAML library.
_MAX_DEPTH = 100

# YAML scalar types that JSON has too. Others, such as dates, are kept as text.
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str")}


@dataclass
class Document:
    """A spec file.

    Attributes:
        name: Path relative to the folder of specs, as other specs write it in a `$ref`.
        label: Path for error messages.
        data: The document as plain JSON values.
        lines: Line of the value at each pointer, starting at 1.
    """

    name: str
    label: str
    data: dict[str, Any]
    lines: dict[Pointer, int] = field(default_factory=dict)

    def error(self, pointer: Pointer, problem: str) -> SpecError:
        """Return an error about the value at `pointer`, or its nearest parent with a line."""
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return SpecError(self.label, self.lines.get(pointer, 1), problem)

    def target(self, ref: str) -> tuple[str, Pointer]:
        """Split a `$ref` of this document into the file and the pointer that it names."""
        file, _, path = ref.partition("#")
        if file:
            file = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), file))
        parts = path.strip("/").split("/") if path.strip("/") else []
        return file or self.name, tuple(map(unescape, parts))


def look_up(documents: Mapping[str, Document], file: str, pointer: Pointer) -> Any:
    """Return the value at a pointer.

    Raises:
        LookupError: Nothing is there.
    """
    value: Any = documents[file].data
    for part in pointer:
        if isinstance(value, list) and str(part).isdigit():
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            raise LookupError(part)
    return value


def unescape(part: str) -> str:
    """Return a segment of a JSON pointer as it is written in the document."""
    return unquote(part).replace("~1", "/").replace("~0", "~")


def load_document(path: Path, name: str, label: str) -> Document:
    """Read a spec file.

    Raises:
        SpecError: It cannot be read; see `parse_document`.
    """
    if not path.is_file():
        problem = "is not a regular file" if path.exists() else "does not exist"
        raise SpecError(label, 1, f"{problem}: expected a YAML file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SpecError(label, 1, f"cannot be read: {error.strerror}") from None
    return parse_document(data, name=name, label=label)


def parse_document(source: bytes | str, *, name: str, label: str) -> Document:
    """Parse a spec.

    Raises:
        SpecError: It is not UTF-8, not YAML or not a mapping, nested too deeply, or contains a
            duplicate key, an alias, or a number that JSON does not have.
    """
    document = Document(name, label, {})
    try:
        text = source.decode() if isinstance(source, bytes) else source
        data = _Reader(text, document).read()
    except UnicodeDecodeError as error:
        problem = f"not valid UTF-8 (byte {error.start}): save the file as UTF-8"
        raise SpecError(label, 1, problem) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SpecError(label, line, f"not valid YAML: {error.problem}: fix the syntax") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        problem = f"not valid YAML: forbidden character ({error.reason}): remove it"
        raise SpecError(label, line, problem) from None
    if not isinstance(data, dict):
        problem = "the document is empty" if data is None else "the document is not a mapping"
        raise SpecError(label, 1, f"{problem}: write an OpenAPI 3.1 document")
    document.data = data
    return document


class _Reader:
    """Converts the nodes of a YAML document to data, and records their lines."""

    def __init__(self, text: str, document: Document) -> None:
        self._loader = _Loader(text)
        self._document = document
        self._seen: set[int] = set()

    def read(self) -> Any:
        try:
            node = self._loader.get_single_node()
            return None if node is None else self._convert(node, ())
        finally:
            self._loader.dispose()

    def _convert(self, node: yaml.Node, pointer: Pointer) -> Any:
        if id(node) in self._seen:
            problem = "YAML aliases are not supported: use a $ref or repeat the value"
            raise self._document.error(pointer, problem)
        self._seen.add(id(node))
        self._document.lines.setdefault(pointer, node.start_mark.line + 1)
        if len(pointer) > _MAX_DEPTH:
            problem = f"nested more than {_MAX_DEPTH} levels deep: move parts to components"
            raise self._document.error(pointer, problem)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*pointer, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._convert_mapping(node, pointer)
        return self._convert_scalar(node, pointer)

    def _convert_scalar(self, node: yaml.Node, pointer: Pointer) -> Any:
        if node.tag not in _SCALARS:
            return node.value
        try:
            value = self._loader.construct_object(node)
        except (ValueError, KeyError):
            kind = node.tag.rpartition(":")[2]
            problem = f"invalid {kind} {node.value!r}: fix the value or its tag"
            raise self._document.error(pointer, problem) from None
        if isinstance(value, float) and (value != value or abs(value) == float("inf")):
            problem = f"{node.value} is not a JSON number: write a finite number"
            raise self._document.error(pointer, problem)
        return value

    def _convert_mapping(self, node: yaml.MappingNode, pointer: Pointer) -> dict[str, Any]:
        document = self._document
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SpecError(document.label, line, "a key must be a string: write a plain key")
            # Keys are text even where YAML would read a number or a boolean (`200:`, `on:`).
            key = key_node.value
            if key in result:
                first = document.lines[(*pointer, key)]
                problem = f"duplicate key {key!r}, first used in line {first}: remove one of them"
                raise SpecError(document.label, line, problem)
            document.lines[(*pointer, key)] = line
            result[key] = self._convert(value_node, (*pointer, key))
        return result
