"""One inference host: the generated namespaces, with what is written by hand on top of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api.inference.resources import AsyncInference, Inference

if TYPE_CHECKING:
    from ._chat_namespace import AsyncChat, Chat


class Host(Inference):
    """The namespaces of one host."""

    __slots__ = ()

    @property
    def chat(self) -> Chat:
        """Namespace `chat`."""
        from ._chat_namespace import Chat

        return Chat(self._client, self._api)


class AsyncHost(AsyncInference):
    """The namespaces of one host."""

    __slots__ = ()

    @property
    def chat(self) -> AsyncChat:
        """Namespace `chat`."""
        from ._chat_namespace import AsyncChat

        return AsyncChat(self._client, self._api)
