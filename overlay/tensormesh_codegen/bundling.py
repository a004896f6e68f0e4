"""One whole document for each host: references into other files are brought in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import SpecError, SpecErrors
from .loading import Document, Pointer

Target = tuple[str, Pointer]


@dataclass
class Bundle:
    """A root document with the components of every file that it refers to.

    Attributes:
        root: The file that holds the paths.
        data: The whole OpenAPI document; every `$ref` in it is local.
        origin: Which file and pointer a component of `data` came from, by `(section, name)`.
    """

    root: Document
    data: dict[str, Any]
    origin: dict[tuple[str, str], tuple[Document, Pointer]]

    def locate(self, pointer: Pointer) -> tuple[Document, Pointer]:
        """The file, and the pointer in it, of a value of `data`."""
        if len(pointer) >= 3 and pointer[0] == "components":
            found = self.origin.get((str(pointer[1]), str(pointer[2])))
            if found:
                return found[0], (*found[1], *pointer[3:])
        return self.root, pointer

    def error(self, pointer: Pointer, problem: str) -> SpecError:
        """A problem with the value at `pointer` of `data`, told by file and line."""
        document, own = self.locate(pointer)
        return document.error(own, problem)


def walk(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Every value of a document, parents before children."""
    yield pointer, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*pointer, index))


_DATA_KEYS = ("example", "default", "const", "enum", "x-tm-empty")
# The keys below these are names of the writer's choice, and mean nothing.
_NAMING_KEYS = (
    *("paths", "responses", "content", "headers", "links", "variables"),
    *("schemas", "parameters", "securitySchemes", "properties", "mapping"),
)


def position(pointer: Pointer) -> str:
    """What the keys of a mapping are.

    Returns:
        `keywords`, `names` of the writer's choice, or `data`: an example, a default, a constant,
        where `$ref` means nothing.
    """
    names = False
    for index, key in enumerate(pointer):
        if names:
            names = False
        elif key in _DATA_KEYS:
            return "data"
        elif key == "examples":
            # A list of values, or examples by name, each of which holds a value or is a reference.
            below = pointer[index + 1 :]
            if below and (isinstance(below[0], int) or below[1:2] == ("value",)):
                return "data"
            names = True
        else:
            names = key in _NAMING_KEYS
    return "names" if names else "keywords"


def references(value: Any, base: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Every `$ref` with the pointer of the object that holds it."""
    for pointer, item in walk(value, base):
        if isinstance(item, dict) and "$ref" in item and position(pointer) == "keywords":
            yield pointer, item["$ref"]


def bundle(root: Document, documents: Mapping[str, Document]) -> Bundle:
    """Bring every component that `root` needs into one document.

    Raises:
        SpecErrors: References that are malformed, dangling or circular, or names that collide.
    """
    result = Bundle(root, {}, {})
    errors: list[SpecError] = []
    collected: dict[str, dict[str, Any]] = {}
    # What the root writes itself keeps its order and comes first.
    for section, members in (root.data.get("components") or {}).items():
        for name in members if isinstance(members, dict) else ():
            _collect(root, ("components", section, name), result, collected, errors)
    plain = {key: value for key, value in root.data.items() if key != "components"}
    pending: list[tuple[Document, Any, Pointer]] = [(root, plain, ())]
    pending += [(doc, _at(doc.data, at), at) for doc, at in result.origin.values()]
    while pending:
        document, value, base = pending.pop(0)
        for pointer, ref in references(value, base):
            target = _resolve(document, pointer, ref, documents, errors)
            if target is None:
                continue
            other, at = target
            if _collect(other, at, result, collected, errors):
                pending.append((other, _at(other.data, at), at))
    if errors:
        raise SpecErrors(errors)
    result.data = _localise({**plain, "components": collected})
    circles = list(_circular(result))
    if circles:
        raise SpecErrors(circles)
    return result


def unused_components(documents: Mapping[str, Document], bundles: list[Bundle]) -> list[SpecError]:
    """Components that no host reaches: they would be left out silently."""
    reached = {
        (document.name, pointer[1], pointer[2])
        for item in bundles
        for document, pointer in _reachable(item)
    }
    errors: list[SpecError] = []
    for document in documents.values():
        for section, members in (document.data.get("components") or {}).items():
            if section == "securitySchemes" or not isinstance(members, dict):
                continue
            errors.extend(
                document.error(
                    ("components", section, name),
                    f"component {name!r} is used by no operation: use it or remove it",
                )
                for name in members
                if (document.name, section, name) not in reached
            )
    return errors


def _reachable(item: Bundle) -> Iterator[tuple[Document, Pointer]]:
    """What the operations of one host refer to, directly or through other components."""
    seen: set[tuple[str, str]] = set()
    pending: list[Any] = [{key: v for key, v in item.data.items() if key != "components"}]
    while pending:
        for _, ref in references(pending.pop()):
            _, _, section, name = ref.split("/", 3)
            key = (section, unescape(name))
            if key not in seen:
                seen.add(key)
                pending.append(item.data["components"][section][key[1]])
                yield item.origin[key]


def resolve(
    data: dict[str, Any], item: dict[str, Any], at: Pointer
) -> tuple[Pointer, dict[str, Any]]:
    """What an object of a bundled document stands for, and where that is.

    Either the object itself at `at`, or the target of its reference.
    """
    while "$ref" in item:
        _, _, section, name = item["$ref"].split("/", 3)
        at = ("components", section, unescape(name))
        item = data["components"][section][at[-1]]
    return at, item


def unescape(part: str) -> str:
    """A part of a JSON pointer as it stands in the document."""
    return part.replace("~1", "/").replace("~0", "~")


def _resolve(
    document: Document,
    pointer: Pointer,
    ref: Any,
    documents: Mapping[str, Document],
    errors: list[SpecError],
) -> tuple[Document, Pointer] | None:
    form = "write `#/components/<section>/<name>` or `<file>.yaml#/components/<section>/<name>`"
    if not isinstance(ref, str) or "#/" not in ref:
        errors.append(document.error((*pointer, "$ref"), f"$ref {ref!r} is malformed: {form}"))
        return None
    file, _, path = ref.partition("#/")
    parts = tuple(unescape(part) for part in path.split("/"))
    if len(parts) != 3 or parts[0] != "components":
        errors.append(document.error((*pointer, "$ref"), f"$ref {ref!r} is malformed: {form}"))
        return None
    other = documents.get(file) if file else document
    members = (other.data.get("components") or {}).get(parts[1]) if other else None
    if other is None or not isinstance(members, dict) or parts[2] not in members:
        problem = f"dangling $ref {ref!r}: nothing stands there; mend the reference or add it"
        errors.append(document.error((*pointer, "$ref"), problem))
        return None
    return other, parts


def _collect(
    document: Document,
    at: Pointer,
    result: Bundle,
    collected: dict[str, dict[str, Any]],
    errors: list[SpecError],
) -> bool:
    section, name = str(at[1]), str(at[2])
    known = result.origin.get((section, name))
    if known:
        if known[0] is not document:
            problem = f"{section} {name!r} is also in {known[0].label}: give one another name"
            error = document.error(at, problem)
            if str(error) not in map(str, errors):
                errors.append(error)
        return False
    result.origin[section, name] = (document, at)
    collected.setdefault(section, {})[name] = _at(document.data, at)
    return True


def _at(data: Any, pointer: Pointer) -> Any:
    for part in pointer:
        data = data[part]
    return data


def _localise(value: Any, pointer: Pointer = ()) -> Any:
    """The same value with every reference into another file as one into this document."""
    place = position(pointer)
    if place == "data":
        return value
    if isinstance(value, list):
        return [_localise(item, (*pointer, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if place == "names" and pointer[-1] == "mapping":
        # The targets of a discriminator are references too, though not written as `$ref`.
        return {key: _local(item) for key, item in value.items()}
    return {
        key: _local(item)
        if key == "$ref" and place == "keywords"
        else _localise(item, (*pointer, key))
        for key, item in value.items()
    }


def _local(ref: str) -> str:
    return ref[ref.index("#") :] if "#" in ref else ref


def _circular(result: Bundle) -> Iterator[SpecError]:
    """Rings of components that are nothing but references to each other, each told once."""
    told: set[tuple[str, str]] = set()
    for section, members in result.data["components"].items():
        for name in members:
            chain, at = [name], members[name]
            while "$ref" in at:
                chain.append(unescape(at["$ref"].rsplit("/", 1)[-1]))
                if (section, chain[-1]) in told:
                    break
                if chain[-1] in chain[:-1]:
                    ring = chain[chain.index(chain[-1]) :]
                    told.update((section, member) for member in ring)
                    problem = f"circular $ref {' -> '.join(ring)}: let one of them say what it is"
                    yield result.error(("components", section, ring[0]), problem)
                    break
                at = members[chain[-1]]
