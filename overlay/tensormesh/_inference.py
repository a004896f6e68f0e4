"""One inference host: the generated namespaces, with what is written by hand on top of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api.inference.resources import AsyncInferenceResources, InferenceResources

if TYPE_CHECKING:
    from ._chat_namespace import AsyncChat, Chat


class InferenceHost(InferenceResources):
    """An inference host: its resources, with what is written by hand on top of them."""

    __slots__ = ()

    @property
    def chat(self) -> Chat:
        """Namespace `chat`."""
        from ._chat_namespace import Chat

        return Chat(self._dispatcher, self._host)


class AsyncInferenceHost(AsyncInferenceResources):
    """An inference host, for an asynchronous client."""

    __slots__ = ()

    @property
    def chat(self) -> AsyncChat:
        """Namespace `chat`."""
        from ._chat_namespace import AsyncChat

        return AsyncChat(self._dispatcher, self._host)
