"""The results of `parse()`: completions with a parsed message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from attrs import define

from tensormesh_api._model import BaseModel, field_names, new
from tensormesh_api.inference.models.chat_completion import ChatCompletion
from tensormesh_api.inference.models.chat_completion_choice import ChatCompletionChoice
from tensormesh_api.inference.models.chat_completion_message import ChatCompletionMessage

if TYPE_CHECKING:
    from tensormesh_api.inference.models.usage_info import UsageInfo

ParsedT = TypeVar("ParsedT")


class _Parsed(BaseModel):
    """Base class for the parts of a parsed completion."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NoReturn:  # noqa: ARG003
        """Refuse JSON data, which does not say what type was parsed.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{cls.__name__} is returned by parse() and cannot be built from JSON data")

    def __copy__(self) -> Self:
        """Return a shallow copy."""
        made: Self = _as(type(self), self)
        return made


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletionMessage(_Parsed, ChatCompletionMessage, Generic[ParsedT]):
    """A message with its parsed content.

    Attributes:
        parsed: The content as an object of the `response_model`.
    """

    parsed: ParsedT


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletionChoice(_Parsed, ChatCompletionChoice, Generic[ParsedT]):
    """A choice with a parsed message."""

    message: ParsedChatCompletionMessage[ParsedT]  # pyright: ignore[reportIncompatibleVariableOverride]


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletion(_Parsed, ChatCompletion, Generic[ParsedT]):
    """A chat completion with a parsed message.

    Attributes:
        usage: Token counts of all attempts together, or None if the server reported none.
        attempts: Number of responses that it took.
    """

    choices: list[ParsedChatCompletionChoice[ParsedT]]  # type: ignore[assignment] # never written
    attempts: int

    @property
    def parsed(self) -> ParsedT:
        """The first message as an object of the `response_model`."""
        return self.choices[0].message.parsed


def parsed_completion(
    completion: ChatCompletion, parsed: ParsedT, attempts: int, usage: UsageInfo | None
) -> ParsedChatCompletion[ParsedT]:
    """Add the parsed first message to a completion. The result shares its values."""
    choice = completion.choices[0]
    message: ParsedChatCompletionMessage[ParsedT] = _as(ParsedChatCompletionMessage, choice.message)
    message.parsed = parsed
    first: ParsedChatCompletionChoice[ParsedT] = _as(ParsedChatCompletionChoice, choice)
    first.message = message
    whole: ParsedChatCompletion[ParsedT] = _as(ParsedChatCompletion, completion)
    whole.choices = [first]
    whole.usage = usage
    whole.attempts = attempts
    return whole


def add_usage(one: UsageInfo | None, other: UsageInfo | None) -> UsageInfo | None:
    """Add two token counts, including details. A count that one lacks is that of the other."""
    return _sum(one, other)  # type: ignore[no-any-return] # of two of a kind


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, BaseModel):
        total = _as(type(one), one)
        for name in field_names(one):
            if not name.startswith("_"):
                setattr(total, name, _sum(getattr(one, name), getattr(other, name)))
        return total
    return one + other if isinstance(one, int | float) else other


def _as(cls: type[Any], source: BaseModel) -> Any:
    made = new(cls)
    for name in field_names(source):
        setattr(made, name, getattr(source, name))
    made._extra = None if source._extra is None else dict(source._extra)
    return made
