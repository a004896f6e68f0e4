"""The namespace `chat`: what is generated, and what is built on `create`."""

from __future__ import annotations

from tensormesh_api.inference.resources import chat as generated

from ._parse_methods import AsyncParseMethods, ParseMethods
from ._run_methods import AsyncRunMethods, RunMethods


class Completions(ParseMethods, RunMethods, generated.ChatCompletions):
    """Namespace `chat.completions`."""

    __slots__ = ()


class AsyncCompletions(AsyncParseMethods, AsyncRunMethods, generated.AsyncChatCompletions):
    """Namespace `chat.completions` of an asynchronous client."""

    __slots__ = ()


class Chat(generated.Chat):
    """Namespace `chat`."""

    __slots__ = ()

    @property
    def completions(self) -> Completions:
        """Namespace `chat.completions`."""
        return Completions(self._client, self._api)


class AsyncChat(generated.AsyncChat):
    """Namespace `chat` of an asynchronous client."""

    __slots__ = ()

    @property
    def completions(self) -> AsyncCompletions:
        """Namespace `chat.completions`."""
        return AsyncCompletions(self._client, self._api)
