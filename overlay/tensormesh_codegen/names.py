"""Names that would stand for two things in Python: each is refused, none is silently replaced."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator

from .bundling import Bundle
from .errors import SpecError
from .loading import Pointer
from .model import Operation, Package, Resource

# Classes and type names that generated modules import or define.
RESERVED_CLASSES = frozenset(
    {"Any", "ClassVar", "Final", "Literal", "Required", "Self", "TypeAlias", "TypeVar"}
    | {"TypedDict", "Unpack", "EventT", "ResultT"}
    | {"AsyncIterator", "Callable", "Iterator", "Mapping", "Sequence"}
    | {"BaseModel", "MoneyMethods", "Shapes", "UnknownVariant", "Variants"}
    | {"Api", "CallOptions", "Operation", "Operations", "Request", "Surface"}
    | {"AsyncDispatcher", "AsyncPage", "AsyncResource", "AsyncStream", "AsyncStreamedResponse"}
    | {"Dispatcher", "SyncPage", "SyncResource", "Stream", "StreamedResponse", "RawResponse"}
)
# Names that a class of methods, or the module of an endpoint, needs for itself.
RESERVED_METHODS = frozenset(
    {"bool", "dict", "float", "int", "property", "str"}
    | {"auto_paging_iter", "with_raw_response", "with_streaming_response"}
    | {"build_request", "event_parser", "parse_response"}
)
RESERVED_SURFACES = frozenset({"operation", "type_checking"})

Clashes = Iterator[tuple[Bundle, Pointer, str]]


def clashes(package: Package, bundles: list[Bundle]) -> list[SpecError]:
    """Every name of a package that would stand for two things."""
    return [
        bundle.error(pointer, problem)
        for rule in (_schemas, _hosts, _operations, _namespaces)
        for bundle, pointer, problem in rule(package, bundles)
    ]


def _schemas(package: Package, bundles: list[Bundle]) -> Clashes:
    modules: dict[str, str] = {}
    for item in package.schemas:
        at = ("components", "schemas", item.name)
        known = modules.setdefault(item.module, item.name)
        if known != item.name:
            problem = f"{known} and {item.name} are both models/{item.module}.py: rename one"
            yield bundles[0], at, problem
        if item.name in RESERVED_CLASSES or keyword.iskeyword(item.name):
            problem = f"generated code needs the name {item.name} for itself: rename the schema"
            yield bundles[0], at, problem
        elif hasattr(builtins, item.name):
            problem = f"{item.name} is a name of Python itself: rename the schema"
            yield bundles[0], at, problem


def _hosts(package: Package, bundles: list[Bundle]) -> Clashes:
    """Hosts of one package share its folders."""
    names: dict[str, str] = {}
    tags: dict[str, str] = {}
    for bundle, surface in zip(bundles, package.surfaces, strict=True):
        if surface.name in names or surface.name in RESERVED_SURFACES:
            problem = f"surface {surface.name!r} is taken: give this host another name"
            yield bundle, ("x-tm-surface",), problem
        names[surface.name] = bundle.root.label
        for endpoint in surface.endpoints:
            if tags.setdefault(endpoint.tag, surface.name) != surface.name:
                at = _place(endpoint.operation)
                problem = f"tag {endpoint.tag!r} is also of {names[tags[endpoint.tag]]}"
                yield bundle, (*at, "tags"), f"{problem}: each host needs tags of its own"


def _operations(package: Package, bundles: list[Bundle]) -> Clashes:
    taken = {item.name: f"the schema {item.name}" for item in package.schemas}
    for operation in package.operations:
        at = _place(operation)
        known = taken.setdefault(operation.params_class, operation.id)
        if operation.arguments and known != operation.id:
            problem = f"its arguments would be {operation.params_class}, as {known}: rename one"
            yield bundles[0], (*at, "operationId"), problem
        for page in _pages(operation):
            known = taken.setdefault(page, operation.id)
            if known != operation.id:
                problem = f"its pages would be {page}, as {known}: rename one"
                yield bundles[0], (*at, "operationId"), problem
        if operation.name in RESERVED_METHODS:
            problem = f"generated code needs the name {operation.name!r} for itself: rename it"
            yield bundles[0], (*at, "x-tm-method"), problem


def _namespaces(package: Package, bundles: list[Bundle]) -> Clashes:
    root = f"the namespaces of {package.name}"
    taken = dict.fromkeys(_classes_of(package.root_class, "Resources"), root)
    for top in package.resources:
        nodes = top.walk()
        imported = {
            name: f"the schema {name}"
            for node in nodes
            for operation in node.methods
            for name in _imported(operation)
        }
        for node in nodes:
            at = (*_place(_first(node)), "x-tm-resource")
            label = ".".join(node.path)
            for name in _classes_of(node.class_name, "Resource"):
                known = imported.get(name) or taken.setdefault(name, label)
                if name in RESERVED_CLASSES:
                    known = "a class of the generated code"
                if known != label:
                    yield bundles[0], at, f"{label} would be class {name}, as {known}: rename one"
                    break
            paged = [operation for operation in node.methods if operation.pagination]
            if len(paged) > 1:
                problem = f"{label} has two methods that give pages, for one auto_paging_iter"
                where = (*_place(paged[1]), "x-tm-resource")
                yield bundles[0], where, f"{problem}: give one another namespace"
            methods = {operation.name for operation in node.methods}
            for child in node.children:
                if child.name in methods | RESERVED_METHODS:
                    problem = f"{child.name!r} is taken in {label}: rename the namespace"
                    yield bundles[0], (*_place(_first(child)), "x-tm-resource"), problem
        if top.name in RESERVED_METHODS | {"request"}:
            problem = f"generated code needs the name {top.name!r} for itself: rename it"
            yield bundles[0], (*_place(_first(top)), "x-tm-resource"), problem


def _classes_of(stem: str, kind: str) -> Iterator[str]:
    for prefix in ("", "Async"):
        for suffix in (kind, "WithRawResponse", "WithStreamingResponse"):
            yield f"{prefix}{stem}{suffix}"


def _imported(operation: Operation) -> Iterator[str]:
    for part in (operation.result, operation.event):
        if part:
            yield part.name
    if operation.params:
        yield operation.params_class
    yield from _pages(operation)
    if operation.pagination:
        yield operation.pagination.item.name


def _pages(operation: Operation) -> tuple[str, ...]:
    if not operation.pagination:
        return ()
    name = operation.pagination.class_name
    return (name, f"Async{name}")


def _first(node: Resource) -> Operation:
    return node.methods[0] if node.methods else _first(node.children[0])


def _place(operation: Operation) -> Pointer:
    return ("paths", operation.path, operation.method.lower())
