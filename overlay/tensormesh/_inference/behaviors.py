"""What the SDK knows about text completions and responses beyond their specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api._operation import Behavior

if TYPE_CHECKING:
    from .completions import TextEvents
    from .responses import ResponseEvents


class CompletionsBehavior(Behavior):
    """Streams of text completions."""

    def events(self) -> TextEvents:
        """Return a reader for the chunks of one stream."""
        from .completions import TextEvents

        return TextEvents()


class ResponsesBehavior(Behavior):
    """Streams of responses."""

    def events(self) -> ResponseEvents:
        """Return a reader for the events of one stream."""
        from .responses import ResponseEvents

        return ResponseEvents()
