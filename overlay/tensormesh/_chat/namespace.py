"""The namespace `chat`: generated methods, and those built on `create`."""

from __future__ import annotations

from tensormesh_api.inference.resources import chat as generated

from .parse_methods import AsyncParseMethods, ParseMethods
from .run_methods import AsyncRunMethods, RunMethods


class ChatCompletions(ParseMethods, RunMethods, generated.ChatCompletionsResource):
    """Namespace `chat.completions`."""

    __slots__ = ()


class AsyncChatCompletions(
    AsyncParseMethods, AsyncRunMethods, generated.AsyncChatCompletionsResource
):
    """Namespace `chat.completions` of an asynchronous client."""

    __slots__ = ()


class Chat(generated.ChatResource):
    """Namespace `chat`."""

    __slots__ = ()

    @property
    def completions(self) -> ChatCompletions:
        """Namespace `chat.completions`."""
        return ChatCompletions(self._dispatcher, self._host)


class AsyncChat(generated.AsyncChatResource):
    """Namespace `chat` of an asynchronous client."""

    __slots__ = ()

    @property
    def completions(self) -> AsyncChatCompletions:
        """Namespace `chat.completions`."""
        return AsyncChatCompletions(self._dispatcher, self._host)
