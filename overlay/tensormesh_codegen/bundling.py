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


def is_data(pointer: Pointer) -> bool:
    """Whether a value is an example or a default: data of users, where `$ref` means nothing."""
    for index, key in enumerate(pointer):
        if key in ("example", "examples", "default", "const", "enum"):
            # ... unless it is the name of a property, of a component, or a reference to an example.
            parent = pointer[index - 1] if index else ""
            if parent in ("properties", "schemas", "components", "responses"):
                continue
            if key == "examples" and len(pointer) == index + 2:
                return False
            return True
    return False


def references(value: Any, base: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Every `$ref` with the pointer of the object that holds it."""
    for pointer, item in walk(value, base):
        if isinstance(item, dict) and "$ref" in item and not is_data(pointer):
            if pointer and pointer[-1] == "properties":
                continue
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
    pending = [(root, plain, ())]
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
    data = {key: _localise(value) for key, value in plain.items()}
    data["components"] = {section: _localise(items) for section, items in collected.items()}
    result.data = data
    errors.extend(_circular(result))
    if errors:
        raise SpecErrors(errors)
    return result


def unused_components(documents: Mapping[str, Document], bundles: list[Bundle]) -> list[SpecError]:
    """Components that no host reaches: they would be left out silently."""
    reached = {
        (document.name, pointer[1], pointer[2])
        for item in bundles
        for document, pointer in _reachable(item)
    }
    errors = []
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
    if isinstance(value, dict):
        return {
            key: (
                item[item.index("#") :]
                if key == "$ref" and isinstance(item, str)
                else _localise_mapping(item)
                if key == "mapping" and isinstance(item, dict)
                else _localise(item, (*pointer, key))
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_localise(item, (*pointer, index)) for index, item in enumerate(value)]
    return value


def _localise_mapping(mapping: dict[str, Any]) -> dict[str, Any]:
    """The targets of a discriminator are references too, though not written as `$ref`."""
    return {
        key: ref[ref.index("#") :] if isinstance(ref, str) and "#" in ref else _localise(ref)
        for key, ref in mapping.items()
    }


def _circular(result: Bundle) -> Iterator[SpecError]:
    """Chains of components that are nothing but references to each other."""
    for section, members in result.data["components"].items():
        for name in members:
            seen, at = [name], members[name]
            while isinstance(at, dict) and isinstance(at.get("$ref"), str):
                following = unescape(at["$ref"].rsplit("/", 1)[-1])
                if following in seen:
                    chain = " -> ".join([*seen, following])
                    problem = f"circular $ref {chain}: let one of them say what it is"
                    yield result.error(("components", section, name), problem)
                    break
                seen.append(following)
                at = members.get(following)
