"""What `parse` gives: a completion whose message holds an object of the caller's type."""

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
    """What the parts of a parsed completion have in common."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NoReturn:  # noqa: ARG003 - it is not read
        """Only `parse` makes it: JSON data does not tell the type of what was parsed.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{cls.__name__} is made by parse(), not from JSON data")

    def __copy__(self) -> Self:
        """Another object with the same values; what they hold is shared."""
        made: Self = _as(type(self), self)
        return made


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletionMessage(_Parsed, ChatCompletionMessage, Generic[ParsedT]):
    """A message of the model, read.

    Attributes:
        parsed: What the message says, as an object of the type that was asked for.
    """

    parsed: ParsedT


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletionChoice(_Parsed, ChatCompletionChoice, Generic[ParsedT]):
    """A choice whose message was read."""

    message: ParsedChatCompletionMessage[ParsedT]  # pyright: ignore[reportIncompatibleVariableOverride]


@define(kw_only=True, eq=False, repr=False)
class ParsedChatCompletion(_Parsed, ChatCompletion, Generic[ParsedT]):
    """An answer to a conversation, read. It has everything that the completion has.

    Attributes:
        usage: Token counts of all attempts together; None if the server told none.
        attempts: How many answers it took.
    """

    choices: list[ParsedChatCompletionChoice[ParsedT]]  # type: ignore[assignment] # never written
    attempts: int

    @property
    def parsed(self) -> ParsedT:
        """The answer as an object of the type that was asked for: that of the first choice."""
        return self.choices[0].message.parsed


def parsed_completion(
    completion: ChatCompletion, parsed: ParsedT, attempts: int, usage: UsageInfo | None
) -> ParsedChatCompletion[ParsedT]:
    """The completion with what its first message says. It shares the completion's values."""
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
    """The sum of two token counts, details included. What one of them lacks is the other's."""
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
