"""Errors shown to the maintainer: one line each, saying what is wrong, where, and what to do."""

from __future__ import annotations


class CodegenError(Exception):
    """A problem that ends the command."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class SpecError(CodegenError):
    """A problem at a line of a spec file, and what to do about it."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


class SpecErrors(CodegenError):  # noqa: N818  # several errors
    """All problems found in one run, sorted and without duplicates."""

    def __init__(self, errors: list[SpecError]) -> None:
        by_text = {str(error): error for error in errors}
        self.errors = sorted(by_text.values(), key=lambda each: (each.file, each.line, str(each)))
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


def raise_all(errors: list[SpecError]) -> None:
    """Raise `SpecErrors` if there are any errors."""
    if errors:
        raise SpecErrors(errors)


def one_line(text: str) -> str:
    """Fold whitespace and escape control characters, so that text stays on one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
