"""Runs `tm` inside the process of the test."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

from tensormesh_cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Stream(io.TextIOWrapper):
    """A standard stream in memory.

    Args:
        content: what can be read.
        encoding: how texts become bytes.
        terminal: whether it says that it is a terminal.
    """

    def __init__(
        self, content: str = "", *, encoding: str = "utf-8", terminal: bool = False
    ) -> None:
        self._bytes = io.BytesIO(content.encode(encoding))
        self._terminal = terminal
        super().__init__(self._bytes, encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        """Whether it says that it is a terminal."""
        return self._terminal

    @property
    def written(self) -> bytes:
        """What was written."""
        return self._bytes.getvalue()


@dataclass
class Result:
    """How a run ended.

    Attributes:
        status: the exit status.
        stdout: the results.
        stderr: all else.
        raw: the bytes of the results.
    """

    status: int
    stdout: str
    stderr: str
    raw: bytes

    @property
    def json(self) -> Any:
        """The results, decoded."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        """The error that JSON mode tells."""
        said = json.loads(self.stderr)["error"]
        assert isinstance(said, dict)
        return said


@contextmanager
def standard_streams(stdin: Stream, stdout: Stream, stderr: Stream) -> Iterator[None]:
    """Put other streams in the place of the process's."""
    with (
        mock.patch.object(sys, "stdin", stdin),
        mock.patch.object(sys, "stdout", stdout),
        mock.patch.object(sys, "stderr", stderr),
    ):
        yield


def tm(
    *arguments: str,
    stdin: str = "",
    environ: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    terminal: bool = False,
    run: Callable[[list[str]], int] = main,
) -> Result:
    """Run a command line.

    Args:
        arguments: what follows `tm`.
        stdin: what it can read.
        environ: the whole environment; an empty one by default, with no home.
        encoding: of the standard streams.
        terminal: whether all three are terminals.
        run: what runs it.
    """
    streams = [Stream(content, encoding=encoding, terminal=terminal) for content in (stdin, "", "")]
    with standard_streams(*streams), mock.patch.dict(os.environ, environ or {}, clear=True):
        status = run(list(arguments))
    _, stdout, stderr = streams
    return Result(
        status,
        stdout.written.decode(encoding),
        stderr.written.decode(encoding),
        stdout.written,
    )
