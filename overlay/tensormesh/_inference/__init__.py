"""The inference hosts: generated resources with hand-written additions.

The modules of this package know the operations other than chat; `_chat` knows that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api._operation import Behavior
from tensormesh_api.inference import api
from tensormesh_api.inference.resources import AsyncInferenceResources, InferenceResources

from .._chat.behavior import ChatBehavior

if TYPE_CHECKING:
    from .._chat.namespace import AsyncChat, Chat
    from .completions import TextEvents
    from .responses import ResponseEvents


class CompletionsBehavior(Behavior):
    """Behavior of text completions: how to read their streams."""

    def events(self) -> TextEvents:
        """Return a reader for the chunks of one stream."""
        from .completions import TextEvents

        return TextEvents()


class ResponsesBehavior(Behavior):
    """Behavior of responses: how to read their streams."""

    def events(self) -> ResponseEvents:
        """Return a reader for the events of one stream."""
        from .responses import ResponseEvents

        return ResponseEvents()


_BEHAVIORS = {
    "create_chat_completion": ChatBehavior,
    "create_completion": CompletionsBehavior,
    "create_response": ResponsesBehavior,
}
SERVERLESS = api.SERVERLESS.with_behaviors(_BEHAVIORS)
ON_DEMAND = api.ON_DEMAND.with_behaviors(_BEHAVIORS)


class InferenceHost(InferenceResources):
    """Resources of an inference host."""

    __slots__ = ()

    @property
    def chat(self) -> Chat:
        """Namespace `chat`."""
        from .._chat.namespace import Chat

        return Chat(self._dispatcher, self._host)


class AsyncInferenceHost(AsyncInferenceResources):
    """Resources of an inference host, for an asynchronous client."""

    __slots__ = ()

    @property
    def chat(self) -> AsyncChat:
        """Namespace `chat`."""
        from .._chat.namespace import AsyncChat

        return AsyncChat(self._dispatcher, self._host)
