"""Follows a log: asks again and again, and shows each entry once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from time import sleep
from typing import TYPE_CHECKING, Any

import tensormesh
from tensormesh_cli._errors import one_line
from tensormesh_cli.commands.derived.call import call
from tensormesh_cli.commands.derived.request import arguments, check_complete
from tensormesh_cli.commands.logs.view import line_of
from tensormesh_cli.output import Feed
from tensormesh_cli.output.paging import Listing, entries_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

    Entry = dict[str, Any]

QUICKEST, SLOWEST, _GROWTH = 1.0, 10.0, 1.5
# Entries may come late: so much is asked for again each time.
_OVERLAP = timedelta(seconds=10)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Follower:
    """Tells new entries from those that were shown.

    Attributes:
        start: from when on to ask; None for where the host begins by itself.
    """

    def __init__(self) -> None:
        self.start: datetime | None = None
        self._seen: dict[object, datetime] = {}

    def new(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that have not come before, the oldest first.

        Args:
            entries: entries of the host, the newest first.
        """
        found = []
        for entry in reversed(list(entries)):
            key = entry.get("entryId") or (entry.get("timestamp"), entry.get("message"))
            if key not in self._seen:
                self._seen[key] = _time_of(entry)
                found.append(entry)
        if found:
            newest = max(self._seen.values())
            if newest > _LONG_AGO:
                self._forget_before(newest - _OVERLAP)
        return found

    def _forget_before(self, start: datetime) -> None:
        self.start = max(self.start or _LONG_AGO, start)
        # What is not asked for again need not be remembered.
        self._seen = {key: at for key, at in self._seen.items() if at >= self.start}


def _time_of(entry: Entry) -> datetime:
    try:
        found = datetime.fromisoformat(str(entry.get("timestamp")))
    except ValueError:
        return _LONG_AGO
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def next_delay(delay: float, *, quiet: bool) -> float:
    """Seconds until the next question: few where something happens, more and more else."""
    return min(delay * _GROWTH, SLOWEST) if quiet else QUICKEST


def feed(app: App, command: Command, given: Mapping[str, Any]) -> Feed:
    """Return the entries that exist, and new ones as they come, until Ctrl-C.

    Args:
        app: The run.
        command: The operation.
        given: The values of its options, as click passes them.

    Raises:
        UsageFault: An option cannot be used.
    """
    found = arguments(app, command, given)
    check_complete(found.missing)
    asking = _Asking(app, command, found.keywords, given.get("timeout"))
    return Feed(_new_entries(app, asking), line_of)


def _new_entries(app: App, asking: _Asking) -> Iterator[Entry]:
    follower = Follower()
    delay, first, lost = QUICKEST, True, False
    while True:
        try:
            entries = asking.entries(follower.start, all_of=not first)
        except tensormesh.APIError as error:
            if first or not _passes(error):
                raise
            if not lost:
                app.terminal.warn(f"{one_line(str(error))}; trying again")
            lost, delay = True, SLOWEST
        else:
            new = follower.new(entries)
            if first and not new:
                app.terminal.note("No entries yet; waiting for new ones. Ctrl-C ends.")
            yield from new
            delay = next_delay(delay, quiet=not new)
            first = lost = False
        sleep(delay)


class _Asking:
    """Asks for entries; with a new token when the old one has ended."""

    def __init__(
        self, app: App, command: Command, keywords: dict[str, Any], timeout: float | None
    ) -> None:
        self._app = app
        self._command = command
        self._keywords = keywords
        self._timeout = timeout
        self._client = app.control_plane_client(timeout=timeout)

    def entries(self, start: datetime | None, *, all_of: bool) -> list[Entry]:
        """Entries from a time on, the newest first: those of one page, or all."""
        try:
            return self._ask(start, all_of=all_of)
        except tensormesh.AuthenticationError:
            if self._app.environ.get("TENSORMESH_CONTROL_PLANE_TOKEN"):
                raise
            old, self._client = self._client, self._app.control_plane_client(timeout=self._timeout)
            old.close()
            return self._ask(start, all_of=all_of)

    def _ask(self, start: datetime | None, *, all_of: bool) -> list[Entry]:
        assert self._command.pages is not None
        about = self._command.pages
        keywords = dict(self._keywords)
        if start is not None:
            keywords["start_time"] = start

        def page(arguments: dict[str, Any]) -> Any:
            return call(self._client, self._command, arguments).json()

        pages = Listing(about, page, keywords).follow(page(keywords))
        pages = islice(pages, None if all_of else 1)
        found = [entry for one in pages for entry in entries_of(one, about.items)]
        return [entry for entry in found if isinstance(entry, dict)]


def _passes(error: tensormesh.APIError) -> bool:
    """Whether an error may go away by itself."""
    if isinstance(error, tensormesh.APIStatusError):
        return error.status_code == 429 or error.status_code >= 500
    return isinstance(error, tensormesh.APIConnectionError)
