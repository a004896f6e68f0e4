"""The tools of a run, whatever they were given as."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tensormesh_api._wire import wire_object

from .call import read_arguments, reject
from .tool import Tool, is_async, is_unbound

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool

    from .call import ToolCall


class Entry(Protocol):
    """What a call ends up at."""

    is_async: bool

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as the function takes them. Raises `ValueError` if they do not fit."""
        raise NotImplementedError

    def call_validated(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function."""


class Handler:
    """A function whose definition was written by hand: its arguments are plain data."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._signature = inspect.signature(function)
        self.is_async = is_async(function)

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, if the function has parameters for them."""
        try:
            self._signature.bind(**arguments)
        except TypeError as error:
            raise ValueError(str(error)) from error
        return dict(arguments)

    def call_validated(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function."""
        return self._function(**arguments)


class Toolbox:
    """Functions by the name that the model calls them by.

    Args:
        tools: Tools, functions, and definitions.
        handlers: Functions for the definitions among them, by name.

    Attributes:
        definitions: What a request says of them.
        entries: Functions by name.

    Raises:
        TypeError, ValueError: Something cannot be a tool, lacks its function, or is there twice.
    """

    def __init__(
        self, tools: Sequence[Any], handlers: Mapping[str, Callable[..., Any]] | None
    ) -> None:
        self.definitions: list[ChatCompletionTool | dict[str, Any]] = []
        self.entries: dict[str, Entry] = {}
        if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Sequence):
            raise TypeError(f"tools must be a list, got {type(tools).__name__}")
        if not tools:
            raise ValueError("tools is empty: give at least one, or use create()")
        left = dict(handlers or {})
        for index, item in enumerate(tools):
            self._add(item, f"tools[{index}]", left)
        if left:
            raise ValueError(f"handlers: {next(iter(left))!r} is not among the tools")

    def _add(self, item: Any, where: str, handlers: dict[str, Callable[..., Any]]) -> None:
        entry: Entry
        definition: ChatCompletionTool | dict[str, Any]
        if isinstance(item, Mapping) or hasattr(item, "to_dict"):
            definition = wire_object(item, where)
            name = (definition.get("function") or {}).get("name")
            if not isinstance(name, str):
                raise ValueError(f"{where}.function.name is missing")
            if name not in handlers:
                raise ValueError(f"{where}: {name!r} has no function: handlers={{{name!r}: ...}}")
            function = handlers.pop(name)
            entry = function if isinstance(function, Tool) else Handler(function)
        else:
            made = _tool(item)
            entry, name, definition = made, made.name, made.definition
        if isinstance(entry, Tool) and is_unbound(entry):
            raise ValueError(f"{where}: {name!r} is a method: give it with its object")
        if name in self.entries:
            raise ValueError(f"{where}: there are two tools called {name!r}")
        self.entries[name] = entry
        self.definitions.append(definition)

    def check(self, call: ToolCall) -> None:
        """Find the function of a call and read its arguments, or note why that is not possible."""
        entry = self.entries.get(call.name)
        if entry is None:
            names = ", ".join(self.entries)
            reject(call, ValueError(f"there is no tool {call.name!r}, only: {names}"))
            return
        try:
            call.arguments = entry.validate(read_arguments(call))
        except Exception as error:
            # Most are ValueErrors; what a type does when it is made is up to its author.
            reject(call, error)

    def async_names(self) -> list[str]:
        """Names of the tools that are async functions."""
        return [name for name, entry in self.entries.items() if entry.is_async]


def _tool(item: Any) -> Tool[..., Any]:
    if isinstance(item, Tool):
        return item
    # A class method's own way of binding does not know tools from CPython 3.13 on.
    function = getattr(item, "__func__", None)
    if isinstance(function, Tool):
        return function.__get__(item.__self__)
    return Tool(item)
