"""Follow a log: poll for entries, and show each one once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from time import sleep
from typing import TYPE_CHECKING, Any

import tensormesh
from tensormesh_cli._errors import one_line
from tensormesh_cli.commands.derived.request import arguments, call, check_complete
from tensormesh_cli.commands.logs.view import line_of
from tensormesh_cli.output import Feed
from tensormesh_cli.output.paging import Listing, entries_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

    Entry = dict[str, Any]

QUICKEST, SLOWEST, _GROWTH = 1.0, 10.0, 1.5
# Entries may arrive late: request this much again each time.
_OVERLAP = timedelta(seconds=10)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Follower:
    """Tells new entries from those that were shown.

    Attributes:
        start: Where the next request starts, or None for the default of the host.
    """

    def __init__(self) -> None:
        self.start: datetime | None = None
        self._seen: dict[object, datetime] = {}

    def new(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return entries that have not come before, oldest first. They are given newest first."""
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
        # Entries that are not requested again need not be remembered.
        self._seen = {key: at for key, at in self._seen.items() if at >= self.start}


def _time_of(entry: Entry) -> datetime:
    try:
        found = datetime.fromisoformat(str(entry.get("timestamp")))
    except ValueError:
        return _LONG_AGO
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def next_delay(delay: float, *, quiet: bool) -> float:
    """Return the seconds until the next request: few after new entries, then more and more."""
    return min(delay * _GROWTH, SLOWEST) if quiet else QUICKEST


def feed(app: App, command: Command, given: Mapping[str, Any]) -> Feed:
    """Return the entries that exist, and new ones as they come, until Ctrl-C."""
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
                app.terminal.warn(f"{one_line(str(error))}; retrying")
            lost, delay = True, SLOWEST
        else:
            new = follower.new(entries)
            if first and not new:
                app.terminal.note("No entries yet, waiting for new ones. Press Ctrl-C to stop.")
            yield from new
            delay = next_delay(delay, quiet=not new)
            first = lost = False
        sleep(delay)


class _Asking:
    """Requests entries, with a new token when the old one has expired."""

    def __init__(
        self, app: App, command: Command, keywords: dict[str, Any], timeout: float | None
    ) -> None:
        self._app = app
        self._command = command
        self._keywords = keywords
        self._timeout = timeout
        self._client = app.control_plane_client(timeout=timeout)

    def entries(self, start: datetime | None, *, all_of: bool) -> list[Entry]:
        """Return entries since a time, newest first: those of the first page, or all."""
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
    """Return whether an error may be temporary."""
    if isinstance(error, tensormesh.APIStatusError):
        return error.status_code == 429 or error.status_code >= 500
    return isinstance(error, tensormesh.APIConnectionError)
