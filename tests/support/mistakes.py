"""One mistake in the mini spec, and what must be said of it."""

from __future__ import annotations

from dataclasses import dataclass

from support.mini_spec import MINI

# The line that an error must name carries this comment.
MARK = "#!"

Change = tuple[str, str]
NO_CHANGE: Change = ("", "")


@dataclass(frozen=True)
class Case:
    """One thing done wrong: `old` of the mini spec becomes `new`.

    Attributes:
        name: What is wrong.
        old: Text that stands in the mini spec once.
        new: What stands there in its place.
        problem: What the message says.
        also: A second change.
        then: A third one.
        at: How the line begins that the message names, where it cannot carry the mark.
    """

    name: str
    old: str
    new: str
    problem: str
    also: Change = NO_CHANGE
    then: Change = NO_CHANGE
    at: str = ""

    def text(self) -> str:
        """The mini spec with the mistake."""
        text = MINI
        for old, new in ((self.old, self.new), self.also, self.then):
            assert not old or text.count(old) == 1
            text = text.replace(old, new, 1)
        return text

    def names(self, line: int) -> bool:
        """Whether a line is the one that the message must name."""
        lines = self.text().split("\n")
        if self.at:
            return lines[line - 1].startswith(self.at)
        return [number for number, each in enumerate(lines, 1) if MARK in each] == [line]


def used(name: str) -> Change:
    """A change by which something uses a schema."""
    old = "message: {type: string}"
    return old, f'message: {{$ref: "#/components/schemas/{name}"}}'
