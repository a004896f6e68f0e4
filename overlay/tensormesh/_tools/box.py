"""The tools of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tensormesh_api._wire import wire_object

from .call import read_arguments, reject
from .tool import Tool, is_async, is_unbound

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool import ChatCompletionTool

    from .call import ToolCall


class Handler:
    """A function with a hand-written definition. Its arguments are plain data."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._signature = inspect.signature(function)
        self.is_async = is_async(function)

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments. Raise `ValueError` if the function does not accept their names."""
        try:
            self._signature.bind(**arguments)
        except TypeError as error:
            raise ValueError(str(error)) from error
        return dict(arguments)

    def call_validated(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function."""
        return self._function(**arguments)


class Toolbox:
    """Functions by the name that the model uses.

    Args:
        tools: Tools, functions and definitions.
        handlers: Functions for the definitions, by name.

    Attributes:
        definitions: The definitions for a request.
        entries: The functions by name.

    Raises:
        TypeError, ValueError: A tool is not valid, has no function, or is a duplicate.
    """

    def __init__(
        self, tools: Sequence[Any], handlers: Mapping[str, Callable[..., Any]] | None
    ) -> None:
        self.definitions: list[ChatCompletionTool | dict[str, Any]] = []
        self.entries: dict[str, Tool[..., Any] | Handler] = {}
        if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Sequence):
            raise TypeError(f"tools must be a list, not {type(tools).__name__}")
        if not tools:
            raise ValueError("tools is empty: pass at least one, or use create()")
        left = dict(handlers or {})
        for index, item in enumerate(tools):
            self._add(item, f"tools[{index}]", left)
        if left:
            raise ValueError(f"handlers: unknown tool {next(iter(left))!r}")

    def _add(self, item: Any, where: str, handlers: dict[str, Callable[..., Any]]) -> None:
        entry: Tool[..., Any] | Handler
        definition: ChatCompletionTool | dict[str, Any]
        if isinstance(item, Mapping) or hasattr(item, "to_dict"):
            definition = wire_object(item, where)
            name = (definition.get("function") or {}).get("name")
            if not isinstance(name, str):
                raise ValueError(f"{where}.function.name is missing")
            if name not in handlers:
                raise ValueError(
                    f"{where}: {name!r} has no function: pass handlers={{{name!r}: ...}}"
                )
            function = handlers.pop(name)
            entry = function if isinstance(function, Tool) else Handler(function)
        else:
            entry = _tool(item)
            name, definition = entry.name, entry.definition
        if isinstance(entry, Tool) and is_unbound(entry):
            raise ValueError(
                f"{where}: {name!r} is an unbound method: pass the method of an instance"
            )
        if name in self.entries:
            raise ValueError(f"{where}: two tools are named {name!r}")
        self.entries[name] = entry
        self.definitions.append(definition)

    def check(self, call: ToolCall) -> None:
        """Find the function of a call and convert its arguments, or reject the call."""
        entry = self.entries.get(call.name)
        if entry is None:
            names = ", ".join(self.entries)
            reject(call, ValueError(f"unknown tool {call.name!r}; the tools are {names}"))
            return
        try:
            call.arguments = entry.validate(read_arguments(call))
        except Exception as error:
            # Constructors of the user's types may raise anything.
            reject(call, error)

    def refuse_async(self) -> None:
        """Raise `TypeError` if a function is async."""
        for name, entry in self.entries.items():
            if entry.is_async:
                raise TypeError(f"{name!r} is an async function: use AsyncTensormesh")


def _tool(item: Any) -> Tool[..., Any]:
    if isinstance(item, Tool):
        return item
    # From CPython 3.13 on, class methods no longer bind descriptors such as tools.
    function = getattr(item, "__func__", None)
    if isinstance(function, Tool):
        return function.__get__(item.__self__)
    return Tool(item)
