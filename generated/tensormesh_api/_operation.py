"""Operations and requests as plain data: all that a transport has to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")


class Surface:
    """A host.

    Attributes:
        name: Its name, such as `serverless`.
        title: Its name for people.
        base_url: Default base URL, with `{variables}` if it has any.
        base_url_setting: The client setting that replaces it.
        variables: For each variable of the base URL the default and the known values.
        auth_scheme: Scheme of the `Authorization` header.
        auth_setting: The client setting that holds the credential.
    """

    __slots__ = (
        "auth_scheme",
        "auth_setting",
        "base_url",
        "base_url_setting",
        "name",
        "title",
        "variables",
    )

    def __init__(
        self,
        *,
        name: str,
        title: str,
        base_url: str,
        base_url_setting: str,
        variables: Mapping[str, tuple[str, tuple[str, ...]]],
        auth_scheme: str,
        auth_setting: str,
    ) -> None:
        self.name = name
        self.title = title
        self.base_url = base_url
        self.base_url_setting = base_url_setting
        self.variables = variables
        self.auth_scheme = auth_scheme
        self.auth_setting = auth_setting

    def __repr__(self) -> str:
        return f"Surface({self.name!r})"


class Operation(Generic[ResultT, EventT]):
    """One operation of one host.

    Attributes:
        id: `operationId` of the specification.
        surface: The host.
        method: HTTP method.
        path: Path template.
        auth: Whether a credential is `required`, `optional` or takes no part (`none`).
        headers: Headers whose values are client settings: (header, setting) pairs.
        parse_response: From decoded JSON to the result.
        event_parser: Gives the function from decoded JSON to an event of a stream, else None.
        empty: What an empty body stands for, else None.
        provenance: Whether the operation is `documented`, `observed` or `inferred`.
    """

    __slots__ = (
        "auth",
        "empty",
        "event_parser",
        "headers",
        "id",
        "method",
        "parse_response",
        "path",
        "provenance",
        "surface",
    )

    def __init__(
        self,
        *,
        id: str,
        surface: Surface,
        method: str,
        path: str,
        auth: str,
        headers: tuple[tuple[str, str], ...],
        parse_response: Callable[[Any], ResultT],
        event_parser: Callable[[], Callable[[Any], EventT]] | None,
        empty: Mapping[str, Any] | None,
        provenance: str,
    ) -> None:
        self.id = id
        self.surface = surface
        self.method = method
        self.path = path
        self.auth = auth
        self.headers = headers
        self.parse_response = parse_response
        self.event_parser = event_parser
        self.empty = empty
        self.provenance = provenance

    def __repr__(self) -> str:
        return f"Operation({self.surface.name}.{self.id}: {self.method} {self.path})"


class Operations:
    """The operations of one host, each loaded when it is first used.

    Args:
        package: The package of the endpoint modules.
        modules: For each operation the module that holds it.
    """

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._package = package
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__.get("_modules", {}).get(name)
        if module is None:
            raise AttributeError(f"no operation {name!r}")
        operation = import_module(f".{module}", self._package).OPERATION
        setattr(self, name, operation)
        return operation

    def __iter__(self) -> Iterator[Operation[Any, Any]]:
        return (getattr(self, name) for name in self._modules)


class Request(Generic[ResultT, EventT]):
    """What to send: sans I/O, without credentials.

    Attributes:
        operation: What it asks for.
        path: Path with its values filled in, quoted.
        query: Query parameters, empty if none.
        body: JSON body, or None.
    """

    __slots__ = ("body", "operation", "path", "query")

    def __init__(
        self,
        operation: Operation[ResultT, EventT],
        path: str,
        query: dict[str, Any],
        body: dict[str, Any] | None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body

    def __repr__(self) -> str:
        return f"Request({self.operation.method} {self.path})"


class CallOptions:
    """What a caller may say of one call.

    Attributes:
        extra_headers: Headers added to the request; None as a value takes a header away.
        extra_query: Query parameters added.
        extra_body: Fields added to the JSON body; they win over those of the method.
        timeout_seconds: In place of the client's timeout, in seconds.
    """

    __slots__ = ("extra_body", "extra_headers", "extra_query", "timeout_seconds")

    def __init__(
        self,
        extra_headers: Mapping[str, str | None] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        self.extra_headers = extra_headers
        self.extra_query = extra_query
        self.extra_body = extra_body
        self.timeout_seconds = timeout_seconds
