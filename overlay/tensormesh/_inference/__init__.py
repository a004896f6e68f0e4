"""The inference hosts: generated resources with hand-written additions.

The modules of this package know the operations other than chat; `_chat` knows that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api.inference import api
from tensormesh_api.inference.resources import AsyncInferenceResources, InferenceResources

if TYPE_CHECKING:
    from tensormesh_api._operation import Behavior

    from .._chat.namespace import AsyncChat, Chat


def _chat() -> Behavior:
    from .._chat.behavior import ChatBehavior

    return ChatBehavior()


def _completions() -> Behavior:
    from .behaviors import CompletionsBehavior

    return CompletionsBehavior()


def _responses() -> Behavior:
    from .behaviors import ResponsesBehavior

    return ResponsesBehavior()


# By operation. Each loads when its operation is first used.
_BEHAVIORS = {
    "create_chat_completion": _chat,
    "create_completion": _completions,
    "create_response": _responses,
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
