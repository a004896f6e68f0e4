"""`@tool`: functions that a model can call."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from tensormesh_api.inference.models.chat_completion_function import ChatCompletionFunction
from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool

from .docstring import read_docstring
from .schema import Parameters

P = ParamSpec("P")
Q = ParamSpec("Q")
ResultT = TypeVar("ResultT")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Tool(Generic[P, ResultT]):
    """A function that a model can call. You can still call it as before.

    Created by `tool`.

    Attributes:
        name: The name that the model uses.
        description: The description for the model.
        definition: The definition for the `tools` of a chat request.
        is_async: Whether a call must be awaited.
    """

    name: str
    description: str
    definition: ChatCompletionTool
    is_async: bool

    def __init__(
        self,
        function: Callable[P, ResultT],
        *,
        name: str | None = None,
        description: str | None = None,
        names: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(
                f"a tool must be a function, not {type(function).__name__}; put @tool below "
                "@classmethod and @staticmethod"
            )
        functools.update_wrapper(self, function)
        self._function = function
        bare = _bare(function)
        own_name: str = getattr(bare, "__name__", "")
        self.name = name or own_name
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"invalid tool name {self.name!r}: use 1 to 64 of the characters A-Z, a-z, 0-9, _ "
                "and -, for example @tool(name=...)"
            )
        told, parameters = read_docstring(bare.__doc__, self.name)
        self.description = description or told
        if not self.description.strip():
            raise ValueError(
                f"tool {self.name!r} has no description, which the service requires: write a "
                "docstring, or use @tool(description=...)"
            )
        signature = inspect.signature(function)
        self._has_receiver = _has_receiver(function, signature)
        if self._has_receiver:
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        self._parameters = Parameters(
            signature, _hints(bare, self.name, names), parameters, self.name
        )
        self.is_async = is_async(function)
        self.definition = ChatCompletionTool(
            function=ChatCompletionFunction(
                name=self.name, description=self.description, parameters=self._parameters.schema
            )
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ResultT:
        return self._function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self: Tool[Concatenate[Any, Q], ResultT], instance: object, owner: type | None = None
    ) -> Tool[Q, ResultT]: ...
    # For type checkers that do not match a parameter called `self` with `Concatenate`.
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Tool[..., ResultT]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None or not self._has_receiver:
            return self
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound._function = functools.partial(self._function, instance)
        bound._has_receiver = False
        return bound

    def __repr__(self) -> str:
        return f"<Tool {self.name}{inspect.signature(self._function)}>"

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Convert arguments from a model to the annotated types. Omitted ones stay omitted.

        Raises:
            ValueError: An argument is not valid, missing or unknown. The message says where.
        """
        return self._parameters.read(arguments)

    def call_validated(self, arguments: Mapping[str, Any]) -> ResultT | Awaitable[ResultT]:
        """Call the function with the result of `validate`."""
        result: ResultT = self._parameters.call(self._function, arguments)
        return result


@overload
def tool(
    function: Callable[P, ResultT], /, *, name: str | None = None, description: str | None = None
) -> Tool[P, ResultT]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None
) -> Callable[[Callable[P, ResultT]], Tool[P, ResultT]]: ...
def tool(
    function: Callable[P, ResultT] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
) -> Tool[P, ResultT] | Callable[[Callable[P, ResultT]], Tool[P, ResultT]]:
    """Turn a function, async function or method into a tool: `@tool` or `@tool(...)`.

    The model sees the signature, the annotations and the docstring. Parameters can have any type
    that msgspec or pydantic supports. A docstring of several lines needs the extra `tools`.
    `Annotated[str, "what it means"]` also describes a parameter, and takes precedence.

    Args:
        function: The function.
        name: The name that the model uses. Default: the name of the function.
        description: The description for the model. Default: that of the docstring.

    Returns:
        Tool: The tool, which can be called like the function.

    Raises:
        ValueError: There is no description, or the name is not valid.
        TypeError: A parameter has no annotation, or its type is not supported.
        ImportError: The docstring needs the extra `tools`.
    """
    # Annotations may name types that the enclosing function defines.
    names = inspect.currentframe().f_back.f_locals  # type: ignore[union-attr] # CPython has frames
    if function is not None:
        return Tool(function, name=name, description=description, names=names)

    def decorate(decorated: Callable[P, ResultT]) -> Tool[P, ResultT]:
        return Tool(decorated, name=name, description=description, names=names)

    return decorate


def is_unbound(tool: Tool[..., Any]) -> bool:
    """Whether a tool is a method without an instance."""
    return tool._has_receiver


def is_async(function: Any) -> bool:
    """Whether a call must be awaited, as far as can be determined."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        type(function).__call__
    )


def _bare(function: Any) -> Any:
    """Return the function with the annotations and the docstring of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, staticmethod):
        return function.__func__
    if inspect.isroutine(function) or hasattr(function, "__wrapped__"):
        return inspect.unwrap(function)
    return type(function).__call__


def _has_receiver(function: Any, signature: inspect.Signature) -> bool:
    """Whether a function is defined in a class body and takes the instance first."""
    inside = getattr(function, "__qualname__", "").rpartition(".")[0]
    first = next(iter(signature.parameters), None)
    return (
        inspect.isfunction(function)
        and bool(inside)
        and not inside.endswith("<locals>")
        and first in ("self", "cls")
    )


def _hints(bare: Any, name: str, names: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        return typing.get_type_hints(bare, localns=dict(names or {}), include_extras=True)
    except NameError as error:
        raise TypeError(f"an annotation of {name!r} cannot be resolved: {error}") from error
