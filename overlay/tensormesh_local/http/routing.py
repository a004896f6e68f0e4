"""Find the operation that a request is for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from starlette.types import Scope

from tensormesh_local.specs import Operation

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class RouteError(Exception):
    """No operation has this path, or none of those with this path has the method.

    Args:
        path: The request's path, decoded.
        allowed: The path's methods; empty if the path does not exist.
    """

    def __init__(self, path: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(path)
        self.path = path
        self.allowed = ", ".join(sorted(allowed))


class Routes:
    """Operations by path. If several paths match, the one with the most fixed segments wins.

    Args:
        operations: The operations; paths may have parameters, and fixed text next to them.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
        for operation in operations:
            by_path[operation.path][operation.method] = operation
        self._routes = [
            (_segments(path), by_path[path]) for path in sorted(by_path, key=_generality)
        ]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation and the path parameters of a request.

        Args:
            method: HTTP method; HEAD is treated like GET.
            path: The path as sent, percent-encoded.

        Raises:
            RouteError: There is no such path, or it does not have this method.
        """
        # An encoded slash is part of a parameter.
        given = [unquote(segment) for segment in path.split("/")]
        for segments, methods in self._routes:
            parameters = _match(segments, given)
            if parameters is not None:
                operation = methods.get("GET" if method == "HEAD" else method)
                if operation is None:
                    raise RouteError(unquote(path), methods)
                return operation, parameters
        raise RouteError(unquote(path))


def path_below_mount(scope: Scope) -> str:
    """Return the path as sent, without the prefix at which the application is mounted."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path: str = raw.partition(b"?")[0].decode("latin-1")
    return path.removeprefix(scope.get("root_path", ""))


def _segments(path: str) -> list[re.Pattern[str]]:
    return [re.compile("".join(_expressions(part)), re.DOTALL) for part in path.split("/")]


def _expressions(segment: str) -> Iterator[str]:
    for index, text in enumerate(_PARAMETER.split(segment)):
        # Odd positions are the names of parameters.
        yield f"(?P<{text}>.+)" if index % 2 else re.escape(text)


def _generality(path: str) -> list[bool]:
    return [not "".join(_PARAMETER.split(part)[::2]) for part in path.split("/")[1:]]


def _match(segments: Sequence[re.Pattern[str]], given: Sequence[str]) -> dict[str, str] | None:
    if len(segments) != len(given):
        return None
    parameters: dict[str, str] = {}
    for pattern, text in zip(segments, given, strict=True):
        match = pattern.fullmatch(text)
        if match is None:
            return None
        parameters |= match.groupdict()
    return parameters
