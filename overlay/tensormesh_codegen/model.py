"""What templates render: the client as data, free of OpenAPI's detours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .naming import pascal
from .types import Type


@dataclass(frozen=True)
class Field:
    """A property of an object, or an argument of an operation.

    Attributes:
        wire: Name on the wire.
        name: Name in Python.
        type: Its type.
        required: Whether it must be there.
        doc: Description with constraints and known values, in one paragraph.
        short: The same without known values.
        provenance: Whether it is `documented`, `observed` or `inferred`.
        note: Which parts of it have another provenance.
        const: The one value it can have, else None.
        location: body, path or query, for arguments.
        secret: Whether it is a credential, which a repr must not show.
        once: Whether it is a credential that only one answer has, whose command must show it.
        fill: What it stands for where it is absent, empty or null, else None.
        option: The name of its command line option where that is not its own, else None.
        caller: Whether a command that is not given it means the caller.
        instead: The operation whose command it is where it is given and the caller's id is not.
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
        text = self.type.annotation()
        return text if text == "Any" or not self.optional else f"{_bare(text)} | None"

    @property
    def parameter(self) -> str:
        """The annotation of the argument."""
        text = self.type.parameter()
        return text if text == "Any" or not self.optional else f"{_bare(text)} | None"


def _bare(annotation: str) -> str:
    return annotation.removesuffix(" | None")


@dataclass(frozen=True)
class Model:
    """An object schema.

    Attributes:
        imports: Models and unions that its module imports at its top.
        lazy_imports: Those that it imports when it reads an object: they import it.
        money: Whether it is an amount of money, which can be a `Decimal`.
        json_text: The field whose text may be JSON, which `json()` decodes; None if none may.
    """

    name: str
    module: str
    doc: str
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
class Enum:
    """An open set of strings."""

    name: str
    module: str
    doc: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Union:
    """Objects told apart by one property."""

    name: str
    module: str
    doc: str
    discriminator: str
    variants: tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Pagination:
    """How the answers of an operation go on.

    Attributes:
        style: `token` or `page`: how the next page is asked for.
        items: The attribute that holds the entries of a page.
        wire: Its name on the wire.
        item: Their type.
        class_name: The class of a page.
    """

    style: str
    items: str
    wire: str
    item: Type
    class_name: str


@dataclass(frozen=True)
class Operation:
    """One operation of a package: what all its hosts agree on.

    Attributes:
        secrets: Wire names of the fields of its body, however deep, that are credentials.
    """

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
        """Name of the TypedDict of the arguments."""
        return f"{pascal(self.id)}Params"

    @property
    def params(self) -> tuple[Field, ...]:
        """The arguments that the TypedDict holds: all but the one that decides the overload."""
        return tuple(a for a in self.arguments if not (self.event and a.name == "stream"))


@dataclass(frozen=True)
class Endpoint:
    """An operation as one host offers it."""

    operation: Operation
    tag: str
    auth: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Surface:
    """One host."""

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
    """A public namespace: methods, further namespaces, or both."""

    path: tuple[str, ...]
    methods: list[Operation] = field(default_factory=list)
    children: list[Resource] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The attribute it is reached by."""
        return self.path[-1]

    @property
    def class_name(self) -> str:
        """The class of the synchronous one."""
        return "".join(map(pascal, self.path))

    def walk(self) -> list[Resource]:
        """This namespace and all below, children first, so that classes stand before their use."""
        return [*(node for child in self.children for node in child.walk()), self]


@dataclass(frozen=True)
class Package:
    """Everything that one sub-package of the raw client holds."""

    name: str
    surfaces: tuple[Surface, ...]
    models: tuple[Model, ...]
    enums: tuple[Enum, ...]
    unions: tuple[Union, ...]
    operations: tuple[Operation, ...]
    resources: tuple[Resource, ...]

    @property
    def schemas(self) -> tuple[Model | Enum | Union, ...]:
        """Everything that has a module of its own in `models`."""
        return (*self.models, *self.enums, *self.unions)

    @property
    def root_class(self) -> str:
        """The class that holds the top namespaces."""
        return pascal(self.name)
