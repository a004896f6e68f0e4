"""The client as data that templates render."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .naming import pascal
from .types import Type


@dataclass(frozen=True)
class Field:
    """A property of an object, or an argument of an operation.

    Attributes:
        doc: Description with constraints and known values, in one paragraph.
        short: The same without known values.
        provenance: Whether it is `documented`, `observed` or `inferred`.
        note: Which parts of it have another provenance.
        const: The only allowed value, or None.
        location: `body`, `path` or `query`, for arguments.
        secret: Whether it is a credential, which a repr must not show.
        once: Whether it is a credential returned only once, which its command must show.
        fill: Value to use if it is missing, empty or null, or None.
        option: Name of its command line option, if not its own.
        caller: Whether its command defaults to the caller.
        instead: Operation to call if it is given and the caller's ID is not.
    """

    wire: str
    name: str
    type: Type
    required: bool
    doc: str
    short: str = ""
    provenance: str = "documented"
    note: str = ""
    const: Any = None
    location: str = "body"
    secret: bool = False
    once: bool = False
    fill: Any = None
    option: str | None = None
    caller: bool = False
    instead: str | None = None

    @property
    def optional(self) -> bool:
        """Whether the Python value can be None."""
        return self.fill is None and (not self.required or self.type.nullable)

    @property
    def annotation(self) -> str:
        """The annotation of the attribute."""
        return self._optional(self.type.annotation())

    @property
    def parameter(self) -> str:
        """The annotation of the argument."""
        return self._optional(self.type.parameter())

    def _optional(self, text: str) -> str:
        bare = text.removesuffix(" | None")
        return f"{bare} | None" if self.optional and text != "Any" else text


@dataclass(frozen=True)
class Schema:
    """A schema with a module of its own in `models`."""

    name: str
    module: str
    doc: str


@dataclass(frozen=True)
class Model(Schema):
    """An object schema.

    Attributes:
        imports: Models and unions imported at the top of its module.
        lazy_imports: Models imported in `from_dict`, because they import this one.
        money: Whether it is an amount of money.
        json_text: Field whose text `json()` decodes, or None.
    """

    fields: tuple[Field, ...]
    imports: tuple[Type, ...] = ()
    lazy_imports: tuple[Type, ...] = ()
    money: bool = False
    json_text: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The fields that a repr must not show."""
        return tuple(item.name for item in self.fields if item.secret)


@dataclass(frozen=True)
class Enum(Schema):
    """An open set of strings: constants and their values."""

    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Union(Schema):
    """Objects discriminated by one property."""

    discriminator: str
    variants: tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Pagination:
    """Pagination of an operation: its style, and the attribute with the entries of a page."""

    style: str
    items: str
    wire: str
    item: Type
    class_name: str


@dataclass(frozen=True)
class Operation:
    """An operation of a package, identical on all its hosts."""

    id: str
    method: str
    path: str
    resource: str
    name: str
    summary: str
    doc: str
    provenance: str
    note: str
    arguments: tuple[Field, ...]
    answer: Type | None
    unwrap: str | None
    result: Type | None
    event: Type | None
    returns: str
    empty: dict[str, Any] | None
    pagination: Pagination | None
    cli: str | None
    safe: bool
    imports: tuple[Type, ...]
    secrets: tuple[str, ...] = ()

    @property
    def result_name(self) -> str:
        """The class of the result."""
        return self.result.name if self.result else "None"

    @property
    def params_class(self) -> str:
        """The name of the TypedDict of the arguments."""
        return f"{pascal(self.id)}Params"

    @property
    def params(self) -> tuple[Field, ...]:
        """The arguments in the TypedDict: all except `stream`, which selects the overload."""
        return tuple(a for a in self.arguments if not (self.event and a.name == "stream"))


@dataclass(frozen=True)
class Endpoint:
    """An operation on one host."""

    operation: Operation
    tag: str
    auth: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Host:
    """A host."""

    name: str
    doc: str
    title: str
    base_url: str
    base_url_setting: str
    post_timeout: float | None
    variables: tuple[tuple[str, str, tuple[str, ...]], ...]
    auth_scheme: str
    auth_setting: str
    headers: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    endpoints: tuple[Endpoint, ...]


@dataclass
class Resource:
    """A public namespace, with methods, further namespaces, or both."""

    path: tuple[str, ...]
    methods: list[Operation] = field(default_factory=list)
    children: list[Resource] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The attribute of the parent namespace."""
        return self.path[-1]

    @property
    def class_name(self) -> str:
        """The synchronous class."""
        return "".join(map(pascal, self.path))

    def walk(self) -> list[Resource]:
        """Return this namespace and all below it, children first."""
        return [*(node for child in self.children for node in child.walk()), self]


@dataclass(frozen=True)
class Package:
    """A sub-package of the raw client."""

    name: str
    hosts: tuple[Host, ...]
    models: tuple[Model, ...]
    enums: tuple[Enum, ...]
    unions: tuple[Union, ...]
    operations: tuple[Operation, ...]
    resources: tuple[Resource, ...]

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """All schemas with a module of their own."""
        return (*self.models, *self.enums, *self.unions)

    @property
    def root_class(self) -> str:
        """The class with the top-level namespaces."""
        return pascal(self.name)
