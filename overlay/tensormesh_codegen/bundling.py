"""One complete document per host: components of other files are copied in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import SpecError, raise_all
from .loading import Document, Pointer, look_up, unescape


@dataclass
class Bundle:
    """A root document with all components that it refers to.

    Attributes:
        root: The file with the paths.
        data: The complete OpenAPI document; every `$ref` in it is local.
        origin: Document that each component of `data` comes from, by `(section, name)`.
    """

    root: Document
    data: dict[str, Any]
    origin: dict[tuple[str, str], Document]

    def error(self, pointer: Pointer, problem: str) -> SpecError:
        """Return an error about the value at a pointer of `data`."""
        document = self.root
        if len(pointer) >= 3 and pointer[0] == "components":
            document = self.origin.get((str(pointer[1]), str(pointer[2])), self.root)
        return document.error(pointer, problem)


def walk(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Yield every value of a document, parents before children."""
    yield pointer, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*pointer, index))


# Below these are values, where `$ref` has no meaning.
DATA_KEYS = ("example", "default", "const", "enum", "x-tm-empty")
# Keys below these are arbitrary names.
_NAMING_KEYS = (
    *("paths", "responses", "content", "headers", "links", "variables"),
    *("schemas", "parameters", "securitySchemes", "properties", "mapping"),
)


def position(pointer: Pointer) -> str:
    """Return what the keys of a mapping are.

    Returns:
        `keywords`; arbitrary `names`; or `data` in an example, a default or a constant, where
        `$ref` has no meaning.
    """
    names = False
    for index, key in enumerate(pointer):
        if names:
            names = False
        elif key in DATA_KEYS:
            return "data"
        elif key == "examples":
            # A list of values, or a mapping of examples that are references or have a value.
            below = pointer[index + 1 :]
            if below and (isinstance(below[0], int) or below[1:2] == ("value",)):
                return "data"
            names = True
        else:
            names = key in _NAMING_KEYS
    return "names" if names else "keywords"


def references(value: Any, base: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield every `$ref` with the pointer of the object that has it."""
    for pointer, item in walk(value, base):
        if isinstance(item, dict) and "$ref" in item and position(pointer) == "keywords":
            yield pointer, item["$ref"]


def bundle(root: Document, documents: Mapping[str, Document]) -> Bundle:
    """Copy every component that `root` needs into one document.

    Raises:
        SpecErrors: A reference is malformed, dangling or circular, or two components have the
            same name.
    """
    result = Bundle(root, {}, {})
    errors: list[SpecError] = []
    plain = {key: value for key, value in root.data.items() if key != "components"}
    pending: list[tuple[Document, Any, Pointer]] = [(root, plain, ())]
    collected: dict[str, dict[str, Any]] = {}

    def collect(document: Document, at: Pointer) -> None:
        section, name = str(at[1]), str(at[2])
        known = result.origin.setdefault((section, name), document)
        if known is not document:
            problem = f"{section} {name!r} also exists in {known.label}: rename one"
            errors.append(document.error(at, problem))
        elif name not in collected.setdefault(section, {}):
            value = collected[section][name] = document.data["components"][section][name]
            pending.append((document, value, at))

    # The root's own components come first, in their order.
    for section, members in (root.data.get("components") or {}).items():
        for name in members if isinstance(members, dict) else ():
            collect(root, ("components", section, name))
    while pending:
        document, value, base = pending.pop(0)
        for pointer, ref in references(value, base):
            try:
                collect(*_resolve(document, (*pointer, "$ref"), ref, documents))
            except SpecError as error:
                errors.append(error)
    if not errors:
        result.data = _localize({**plain, "components": collected})
        errors = list(_circular(result))
    raise_all(errors)
    return result


def unused_components(documents: Mapping[str, Document], bundles: list[Bundle]) -> list[SpecError]:
    """Return an error for every component that no operation uses: it would be lost silently."""
    reached = {key for item in bundles for key in _reachable(item)}
    return [
        document.error(
            ("components", section, name),
            f"component {name!r} is not used by any operation: use or remove it",
        )
        for document in documents.values()
        for section, members in (document.data.get("components") or {}).items()
        if section != "securitySchemes" and isinstance(members, dict)
        for name in members
        if (document.name, section, name) not in reached
    ]


def _reachable(item: Bundle) -> Iterator[tuple[str, str, str]]:
    """Yield file, section and name of the components that operations of a host use."""
    seen: set[tuple[str, str]] = set()
    pending: list[Any] = [{key: v for key, v in item.data.items() if key != "components"}]
    while pending:
        for _, ref in references(pending.pop()):
            section, name = component(ref)
            if (section, name) not in seen:
                seen.add((section, name))
                pending.append(item.data["components"][section][name])
                yield item.origin[section, name].name, section, name


def component(ref: str) -> tuple[str, str]:
    """Return the section and the name of the component that a local reference names."""
    _, _, section, name = ref.split("/", 3)
    return section, unescape(name)


def resolve(
    data: dict[str, Any], item: dict[str, Any], at: Pointer
) -> tuple[Pointer, dict[str, Any]]:
    """Follow the references of an object in a bundled document.

    Returns:
        The pointer of the target, and the target: the object itself if it is not a reference.
    """
    while "$ref" in item:
        section, name = component(item["$ref"])
        at, item = ("components", section, name), data["components"][section][name]
    return at, item


def _resolve(
    document: Document, at: Pointer, ref: Any, documents: Mapping[str, Document]
) -> tuple[Document, Pointer]:
    file, parts = document.target(ref) if isinstance(ref, str) and "#/" in ref else ("", ())
    if len(parts) != 3 or parts[0] != "components":
        form = "write `#/components/<section>/<name>` or `<file>.yaml#/components/<section>/<name>`"
        raise document.error(at, f"malformed $ref {ref!r}: {form}")
    try:
        look_up(documents, file, parts)
    except LookupError:
        problem = f"dangling $ref {ref!r}: add the component or fix the reference"
        raise document.error(at, problem) from None
    return documents[file], parts


def _localize(value: Any, pointer: Pointer = ()) -> Any:
    """Return the value with every reference to another file as a local one."""
    place = position(pointer)
    if place == "data" or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_localize(item, (*pointer, index)) for index, item in enumerate(value)]
    # The mapping of a discriminator has references too, though not written as `$ref`.
    mapping = place == "names" and pointer[-1] == "mapping"
    return {
        key: item[item.index("#") :]
        if isinstance(item, str) and "#" in item and (mapping or (place, key) == _REF)
        else _localize(item, (*pointer, key))
        for key, item in value.items()
    }


_REF = ("keywords", "$ref")


def _circular(result: Bundle) -> Iterator[SpecError]:
    """Yield an error for each cycle of components that only refer to each other."""
    reported: set[tuple[str, str]] = set()
    for section, members in result.data["components"].items():
        for name in members:
            chain, at = [name], members[name]
            while "$ref" in at:
                chain.append(component(at["$ref"])[1])
                if (section, chain[-1]) in reported:
                    break
                if chain[-1] in chain[:-1]:
                    ring = chain[chain.index(chain[-1]) :]
                    reported.update((section, member) for member in ring)
                    problem = f"circular $ref {' -> '.join(ring)}: define one of them"
                    yield result.error(("components", section, ring[0]), problem)
                    break
                at = members[chain[-1]]
