"""Finds the operation that a request is for."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from tensormesh_local.control_plane.errors import Code, ControlPlaneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tensormesh_local.specs import Operation

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Routes:
    """Operations by path. Where several paths fit, the one with the most fixed parts is meant.

    Args:
        operations: What there is; a path may have parameters, and fixed text next to them.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
        for operation in operations:
            by_path[operation.path][operation.method] = operation
        self._routes = [
            (_segments(path), by_path[path]) for path in sorted(by_path, key=_generality)
        ]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """Return an operation, and the path's parameters.

        Args:
            method: The HTTP method; HEAD is taken for GET.
            path: The path as sent, with percent-encoding.

        Raises:
            ControlPlaneError: 404, there is no such path; 405, not with this method.
        """
        # A slash may be part of a parameter if it is encoded.
        given = [unquote(segment) for segment in path.split("/")]
        for segments, methods in self._routes:
            parameters = _match(segments, given)
            if parameters is not None:
                operation = methods.get("GET" if method == "HEAD" else method)
                if operation is None:
                    raise method_not_allowed(methods)
                return operation, parameters
        raise ControlPlaneError(Code.NOT_FOUND, f"no such path: {unquote(path)}")


def method_not_allowed(allowed: Iterable[str]) -> ControlPlaneError:
    """Return the error for a path that is not for this method; ``allowed`` are the others."""
    return ControlPlaneError(
        Code.UNIMPLEMENTED,
        "Method Not Allowed",
        headers={"Allow": ", ".join(sorted(allowed))},
        status=405,
    )


def _segments(path: str) -> list[re.Pattern[str]]:
    return [re.compile("".join(_expressions(part)), re.DOTALL) for part in path.split("/")]


def _expressions(segment: str) -> Iterator[str]:
    for index, text in enumerate(_PARAMETER.split(segment)):
        # The odd ones are the names of parameters.
        yield f"(?P<{text}>.+)" if index % 2 else re.escape(text)


def _generality(path: str) -> list[int]:
    return [len("".join(_PARAMETER.split(part)[::2])) == 0 for part in path.split("/")[1:]]


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
