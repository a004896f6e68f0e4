"""Python names that would be used twice: each is an error, and none is renamed silently."""

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
    | {"HostOperations", "CallOptions", "Operation", "Operations", "Request", "Host"}
    | {"AsyncDispatcher", "AsyncPage", "AsyncResource", "AsyncStream", "AsyncStreamedResponse"}
    | {"Dispatcher", "SyncPage", "SyncResource", "Stream", "StreamedResponse", "RawResponse"}
)
# Names that a class of methods, or the module of an operation, uses.
RESERVED_METHODS = frozenset(
    {"bool", "dict", "float", "int", "property", "str"}
    | {"auto_paging_iter", "with_raw_response", "with_streaming_response"}
    | {"build_request", "event_parser", "parse_response"}
)
RESERVED_HOSTS = frozenset({"operation", "type_checking"})

Clashes = Iterator[tuple[Bundle, Pointer, str]]


def clashes(package: Package, bundles: list[Bundle]) -> list[SpecError]:
    """Return an error for every name of a package that would be used twice."""
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
            problem = f"{known} and {item.name} both become models/{item.module}.py: rename one"
            yield bundles[0], at, problem
        if item.name in RESERVED_CLASSES or keyword.iskeyword(item.name):
            yield bundles[0], at, f"{item.name} is used by generated code: rename the schema"
        elif hasattr(builtins, item.name):
            yield bundles[0], at, f"{item.name} is a Python builtin: rename the schema"


def _hosts(package: Package, bundles: list[Bundle]) -> Clashes:
    """Hosts of a package share its folders."""
    names: dict[str, str] = {}
    tags: dict[str, str] = {}
    for bundle, host in zip(bundles, package.hosts, strict=True):
        if host.name in names or host.name in RESERVED_HOSTS:
            problem = f"host {host.name!r} is already in use: rename this one"
            yield bundle, ("x-tm-host",), problem
        names[host.name] = bundle.root.label
        for endpoint in host.endpoints:
            if tags.setdefault(endpoint.tag, host.name) != host.name:
                at = (*_place(endpoint.operation), "tags")
                other = names[tags[endpoint.tag]]
                yield bundle, at, f"tag {endpoint.tag!r} is also used by {other}: use another tag"


def _operations(package: Package, bundles: list[Bundle]) -> Clashes:
    taken = {item.name: f"the schema {item.name}" for item in package.schemas}
    for operation in package.operations:
        at = _place(operation)
        classes = [operation.params_class] if operation.arguments else []
        for name in (*classes, *_pages(operation)):
            known = taken.setdefault(name, operation.id)
            if known != operation.id:
                problem = f"{operation.id} needs the class name {name}, which {known} uses"
                yield bundles[0], (*at, "operationId"), f"{problem}: rename one"
        if operation.name in RESERVED_METHODS:
            problem = f"{operation.name!r} is used by generated code: rename the method"
            yield bundles[0], (*at, "x-tm-method"), problem


def _namespaces(package: Package, bundles: list[Bundle]) -> Clashes:
    root = f"the package {package.name}"
    taken = dict.fromkeys(_classes_of(package.root_class, "Resources"), root)
    for top in package.resources:
        nodes = top.walk()
        methods = [operation for node in nodes for operation in node.methods]
        imported = {name: f"the schema {name}" for each in methods for name in _imported(each)}
        imported |= dict.fromkeys(RESERVED_CLASSES, "generated code")
        for node in nodes:
            at = (*_place(_first(node)), "x-tm-resource")
            label = ".".join(node.path)
            for name in _classes_of(node.class_name, "Resource"):
                known = imported.get(name) or taken.setdefault(name, label)
                if known != label:
                    problem = f"{label} needs the class name {name}, which {known} uses"
                    yield bundles[0], at, f"{problem}: rename one"
                    break
            paged = [operation for operation in node.methods if operation.pagination]
            if len(paged) > 1:
                where = (*_place(paged[1]), "x-tm-resource")
                problem = f"{label} has two paginated methods, but only one auto_paging_iter"
                yield bundles[0], where, f"{problem}: move one to another namespace"
            used = RESERVED_METHODS | {operation.name for operation in node.methods}
            for child in [child for child in node.children if child.name in used]:
                problem = f"{child.name!r} is already in use in {label}: rename the namespace"
                yield bundles[0], (*_place(_first(child)), "x-tm-resource"), problem
        if top.name in RESERVED_METHODS | {"request"}:
            problem = f"{top.name!r} is used by generated code: rename the namespace"
            yield bundles[0], (*_place(_first(top)), "x-tm-resource"), problem


def _classes_of(stem: str, kind: str) -> Iterator[str]:
    for prefix in ("", "Async"):
        for suffix in (kind, "WithRawResponse", "WithStreamingResponse"):
            yield f"{prefix}{stem}{suffix}"


def _imported(operation: Operation) -> Iterator[str]:
    yield from (part.name for part in (operation.result, operation.event) if part)
    if operation.params:
        yield operation.params_class
    yield from _pages(operation)
    if operation.pagination:
        yield operation.pagination.item.name


def _pages(operation: Operation) -> tuple[str, ...]:
    name = operation.pagination.class_name if operation.pagination else ""
    return (name, f"Async{name}") if name else ()


def _first(node: Resource) -> Operation:
    return node.methods[0] if node.methods else _first(node.children[0])


def _place(operation: Operation) -> Pointer:
    return ("paths", operation.path, operation.method.lower())
